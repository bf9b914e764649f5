package controller

/** What surrounds a build: what a test says beforehand, or lets happen. */
abstract class World {
    final File workspace
    final Agents agents
    final Processes processes

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

    protected void pace() {
        if (pause) {
            sleep(pause)
        }
    }
}
