package controller

import org.codehaus.groovy.runtime.StackTraceUtils
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** What a build leaves behind: what a test can ask afterwards. */
abstract class Journal extends World {
    static final List<String> WORSE = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'NOT_BUILT', 'ABORTED']

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

    private final Set<String> causesTold = [] as Set

    Journal(File folder) {
        super(folder)
    }

    static String resultOf(Throwable failure) {
        failure instanceof FlowInterruptedException ? failure.result : 'FAILURE'
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

    void worsen(String worse) {
        if (WORSE.indexOf(worse) < 0) {
            throw new IllegalArgumentException("there is no result ${worse}")
        }
        result = WORSE[Math.max(WORSE.indexOf(result ?: 'SUCCESS'), WORSE.indexOf(worse))]
    }

    /** `env.NAME = value`. */
    void set(String name, String value) {
        overridden[name] = value
        variables[name] = value
    }

    /** A parameter that the pipeline declares: a build that was started without it has its default. */
    void declare(Map parameter) {
        declared << parameter
        boolean given = parameters.containsKey(parameter.name)
        parameters[parameter.name] =
            ParameterTypes.value(parameter, given ? parameters[parameter.name] : ParameterTypes.fallback(parameter))
    }

    /** What the pipeline says of its job; a controller would not have started a build with other parameters. */
    void configure(List<Map> given) {
        for (Map property in given) {
            switch (property.symbol) {
                case 'parameters':
                    property.parameterDefinitions.each { declare(it) }
                    Set unknown = parameters.keySet() - declared*.name
                    if (unknown) {
                        throw new IllegalArgumentException("the pipeline declares no parameter ${unknown.join(', ')}")
                    }
                    break
                case 'pipelineTriggers':
                    triggers.addAll(property.triggers)
                    break
                default: jobProperties[property.symbol] = property.findAll { name, value -> name != 'symbol' }
            }
        }
    }

    /** Keep what a step was called with. */
    void note(Strand strand, String step, Map given) {
        Surroundings there = strand.surroundings
        calls << [step: step, given: new LinkedHashMap(given), stages: there.stages, label: there.label,
            node: there.node, container: there.container, locks: there.locks, at: elapsed]
    }

    /** Note what became of the stage around. */
    void mark(Surroundings surroundings, String result) {
        if (surroundings.stages && result != 'SUCCESS') {
            stages[surroundings.stages.last()] = result
        }
    }

    /** Show a failure as a controller does: all of it, but where the message says enough. */
    void tell(Throwable failure, Surroundings surroundings) {
        if (failure instanceof FlowInterruptedException) {
            tellCause(failure.message)
            return
        }
        say("ERROR: ${failure.message}", surroundings)
        if (!(failure instanceof AbortException)) {
            say(trace(failure), surroundings)
        }
    }

    /** Why something was interrupted; each cause is told once. */
    void tellCause(String cause) {
        if (!causesTold.contains(cause)) {
            causesTold << cause
            say(cause, Surroundings.NONE)
        }
    }

    private static String trace(Throwable failure) {
        "${failure}\n${StackTraceUtils.sanitize(failure).stackTrace.findAll { !it.className.startsWith('jdk.') }.take(8).collect { "    at ${it}" }.join('\n')}"
    }
}
