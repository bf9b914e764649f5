package controller

/** What surrounds a build: what a test says beforehand or lets happen, and what can be asked afterwards. */
abstract class World {
    final File workspace
    final Agents agents
    final Processes processes

    // What a test says.

    /** What `checkout` brings; nothing, unless a test says. */
    File sources
    /** What the step `git` brings: URL -> folder; the sources, unless a test says. */
    final Map<String, File> repositories = [:]
    /** Steps of plugins that this controller does not have. */
    final Set<String> absentSteps = [] as Set
    final Map<String, String> variables
    final Map<String, Object> parameters = [:]
    List<Map> causes = []
    /** id -> [username, password, usernameSecret], [secret] or [file: its text]. */
    final Map<String, Map> credentials = [:]
    /**
     * Who answers inputs, in order: [by: 'ada', values: [NAME: value], aborts: whether, after: seconds, empty: whether
     * without the form, as REST's `proceedEmpty`]. One who may not
     * is refused, and the input waits for the next; without answers it waits for ever.
     */
    final List<Map> answers = []
    /** User -> groups, for `submitter`. */
    final Map<String, List<String>> groups = [:]
    final List<String> administrators = ['admin']
    /** Label of lockable resources -> their names. */
    final Map<String, List<String>> lockables = [:]
    /** Resource that another build holds -> seconds until it gives it back; null: never. */
    final Map<String, Integer> lockedElsewhere = [:]
    /** Asked while anything goes on; when it is true, the build is aborted. */
    Closure<Boolean> abortWhen = { false }
    String aborter = 'ada'
    /** Asked as abortWhen; when it is true, a newer build of the job ends this one (`disableConcurrentBuilds`). */
    Closure<Boolean> supersededWhen = { false }
    /** Asked after each step with its name; when it is true, the build is aborted. */
    Closure<Boolean> abortAt = { false }
    /**
     * Asked as abortWhen; a number: a newer build has passed that milestone. When it passes it, this one ends wherever it
     * is; where it has been passed from the beginning, at its own milestone.
     */
    Closure<Integer> newerPassed = { null }
    String newer = 'main #8'
    /** Asked likewise; each time that it becomes true, the agent in use is gone. */
    Closure<Boolean> loseAgentWhen = { false }
    /** Asked after each step with its name; when it is true, the controller restarts. */
    Closure<Boolean> restartAfter = { false }
    /** Whether the running process is known to hang: then time passes without its end. */
    Closure<Boolean> hangsWhen = { false }
    /** Seconds after which a process is taken for one that never ends. */
    int patience = 60
    /** Milliseconds in reality that each wait takes at least; for processes of others that really work meanwhile. */
    int pause = 0

    /** Builds before this one, newest first: [number, result, description, ...] as OtherBuild shows them. */
    final List<Map> history = []
    /** Other jobs that can be built -> how their builds end: [result, number, after: seconds, variables]. */
    final Map<String, Map> jobs = [:]

    // What can be asked.

    String result
    String description
    String displayName
    boolean keptForever = false
    final List<String> log = []
    /** Every step that was started: [step, given, stages, label, node, container, locks, at]. */
    final List<Map> calls = []
    final Map<String, String> stages = [:]
    final Map<String, String> artifacts = [:]
    final Map<String, Map<String, byte[]>> stashes = [:]
    final List<Integer> naps = []
    final List<String> nodes = []
    /** What each `podTemplate` was given. */
    final List<Map> pods = []
    /** The parameters that the pipeline declares. */
    final List<Map> declared = []
    /** What the pipeline makes of its job, beside parameters: symbol -> arguments. */
    final Map<String, Map> jobProperties = [:]
    /** [symbol, its arguments]. */
    final List<Map> triggers = []
    /** What scripts set in `env`. */
    final Map<String, String> overridden = [:]
    final List<Map> badges = []
    final List<Map> checks = []
    /** [class, name, outcome, text] of every case that `junit` found. */
    final List<Map> tests = []
    /** Name of a published HTML report -> [what it was published with, files: path -> bytes]. */
    final Map<String, Map> reports = [:]
    /** Builds of other jobs that were started: [job, parameters], with wait and quietPeriod where they were said. */
    final List<Map> started = []
    /** [ordinal, label], as they were passed. */
    final List<Map> milestones = []
    /** [resource, from, to], in the order in which they were got; `to` is empty while it is held. */
    final List<Map> locks = []
    /** Every input: [id, message, ok, submitter, submitterParameter, parameters, by, values, outcome]. */
    final List<Map> inputs = []
    /** Who tried to answer and was refused: [input, by, refusal]. */
    final List<Map> refused = []

    /** Milliseconds of the build's own clock, on which `sleep` takes no time. */
    long now = 1_764_000_000_000
    final long began = now

    World(File folder) {
        workspace = new File(folder, 'workspace')
        workspace.mkdirs()
        agents = new Agents(folder)
        processes = new Processes(folder)
        variables = [BUILD_TAG: 'jenkins-models-main-7', BUILD_NUMBER: '7', BUILD_ID: '7', JOB_NAME: 'models/main',
            JOB_BASE_NAME: 'main', BUILD_URL: 'http://ci/job/models/7/', JENKINS_URL: 'http://ci/']
    }

    /** Whether each `node` is a machine of its own with nothing on it. */
    void setFreshWorkspaces(boolean fresh) {
        agents.fresh = fresh
    }

    /** The workspaces that were used, in order. */
    List<File> getWorkspaces() {
        agents.workspaces
    }

    /** How many nodes the build holds now. */
    int getBusyNodes() {
        agents.busy
    }

    /** Seconds that the build has taken so far, on its clock. */
    long getElapsed() {
        (now - began).intdiv(1000) as long
    }

    void say(Object text, Surroundings surroundings) {
        String shown = surroundings.secrets.sort(false) { String it -> -it.size() }
            .inject(text as String) { String told, String secret -> told.replace(secret, '****') }
        log.addAll(shown.readLines())
    }

    String getConsole() {
        log.join('\n')
    }

    protected void pace() {
        if (pause) {
            sleep(pause)
        }
    }
}
