package controller

import java.nio.file.FileSystems
import java.nio.file.Paths

/** What the interpreter of declarative pipelines (pipeline.groovy) asks for and says at once, outside of CPS. */
class Declarative {
    private static final Map<String, Closure<Boolean>> CONDITIONS = [
        always: { String result, String former -> true },
        changed: { String result, String former -> result != former },
        fixed: { String result, String former -> result == 'SUCCESS' && former in ['FAILURE', 'UNSTABLE'] },
        regression: { String result, String former -> former != null && worse(result, former) },
        aborted: { String result, String former -> result == 'ABORTED' },
        success: { String result, String former -> result == 'SUCCESS' },
        unsuccessful: { String result, String former -> result != 'SUCCESS' },
        unstable: { String result, String former -> result == 'UNSTABLE' },
        failure: { String result, String former -> result == 'FAILURE' },
        notBuilt: { String result, String former -> result == 'NOT_BUILT' },
        cleanup: { String result, String former -> true },
    ]

    /** Make of the job what the pipeline declares. */
    static void configure(Map model) {
        List<Map> properties = model.options.findAll { Kinds.PROPERTY[it.name] != null }
            .collect { instantiate(Kinds.PROPERTY, [symbol: it.name, given: it.given]) }
        Map parameters = [symbol: 'parameters',
            parameterDefinitions: model.parameters.collect { instantiate(Kinds.PARAMETER, it) }]
        Map triggers = [symbol: 'pipelineTriggers', triggers: model.triggers.collect { instantiate(Kinds.TRIGGER, it) }]
        Build.running().configure(properties + (model.parameters ? [parameters] : []) + (model.triggers ? [triggers] : []))
        model.options.findAll { StageReader.OPTIONS.containsKey(it.name) }.each {
            Build.running().jobProperties[it.name] = it.given
        }
    }

    private static Map instantiate(Kind kind, Map described) {
        kind.instantiate(new Described(described.symbol, described.given))
    }

    static List<Described> describe(List<Map> parameters) {
        (parameters ?: []).collect { new Described(it.symbol, it.given) }
    }

    /** Names of the conditions that a `post` has and that hold, in the order in which they are run. */
    static List<String> orderedConditions(Map post) {
        CONDITIONS.keySet().findAll { post.containsKey(it) }.toList()
    }

    static boolean holds(String condition, String result) {
        Map former = Build.running().history.find { it.result != null }
        CONDITIONS[condition].call(result, former?.result as String)
    }

    static boolean anyHolds(Map post, Throwable failure, String stage) {
        String result = combined(failure, stage)
        orderedConditions(post).any { holds(it, result) }
    }

    /** What a stage, or the whole build, comes to with a failure that is not yet the build's. */
    static String combined(Throwable failure, String stage) {
        Build build = Build.running()
        String marked = stage == null ? null : build.stages[stage]
        String own = failure ? Build.resultOf(failure) : marked in Build.WORSE ? marked : 'SUCCESS'
        worse(own, build.result ?: 'SUCCESS') ? own : build.result ?: 'SUCCESS'
    }

    private static boolean worse(String result, String other) {
        Build.WORSE.indexOf(result) > Build.WORSE.indexOf(other)
    }

    /** Set the result for the time of a condition's steps. @return what it was */
    static String pretend(String result) {
        String original = Build.running().result
        Build.running().result = result
        original
    }

    /** Undo that, unless the steps set a result. */
    static void stopPretending(String pretended, String original) {
        if (Build.running().result == pretended) {
            Build.running().result = original
        }
    }

    static void skip(String stage, String why) {
        Build.running().stages[stage] = 'SKIPPED'
        Build.running().say("Stage \"${stage}\" skipped due to ${why}", Surroundings.NONE)
    }

    static void tell(String text) {
        Build.running().say(text, Surroundings.NONE)
    }

    static void tellFailure(Throwable failure) {
        Build.running().tell(failure, Surroundings.NONE)
    }

    /** A condition of `when`, but for those that have others within, and for `expression`. */
    static boolean met(String name, Map given) {
        Map<String, String> environment = Build.running().environment()
        switch (name) {
            case 'branch': return matches(given.pattern, environment.BRANCH_NAME ?: environment.GIT_LOCAL_BRANCH, given.comparator ?: 'GLOB')
            case 'buildingTag': return environment.TAG_NAME as boolean
            case 'changeRequest': return environment.CHANGE_ID && change(given, environment)
            case 'environment':
                String value = environment[given.name] ?: ''
                return given.ignoreCase ? value.equalsIgnoreCase(given.value) : value == given.value
            case 'equals': return given.expected == given.actual
            case 'tag': return matches(given.pattern, environment.TAG_NAME, given.comparator ?: 'GLOB')
            default: return Build.running().causes.any { Map cause ->
                cause._class.endsWith(given.cause) && (!given.detail || cause.userId == given.detail)
            }
        }
    }

    private static boolean change(Map given, Map<String, String> environment) {
        Map<String, String> names = [authorDisplayName: 'AUTHOR_DISPLAY_NAME', authorEmail: 'AUTHOR_EMAIL']
        given.findAll { name, value -> name != 'comparator' }.every { name, value ->
            matches(value, environment["CHANGE_${names[name] ?: name.toUpperCase()}" as String], given.comparator ?: 'EQUALS')
        }
    }

    private static boolean matches(String pattern, String value, String comparator) {
        switch (value == null ? '' : comparator) {
            case '': return false
            case 'EQUALS': return value == pattern
            case 'REGEXP': return value ==~ pattern
            default: return FileSystems.default.getPathMatcher("glob:${pattern.toLowerCase()}")
                .matches(Paths.get(value.toLowerCase()))
        }
    }

    /** Whether a checkout comes with each agent. */
    static boolean checksOut(List<Map> options) {
        Build.running().jobProperties.skipDefaultCheckout?.skipDefaultCheckout != true &&
            !options.any { it.name == 'skipDefaultCheckout' && it.given.skipDefaultCheckout != false }
    }

    static boolean has(String option) {
        Build.running().jobProperties.containsKey(option)
    }

    /** What `credentials(id)` in `environment` binds, by the kind of the credentials. */
    static List<Described> bindings(String variable, String id) {
        Map known = Build.running().credentials[id]
        if (known == null) {
            throw new CredentialNotFoundException("Could not find credentials entry with ID '${id}'")
        }
        if (known.password == null) {
            return [new Described(known.file == null ? 'string' : 'file', [variable: variable, credentialsId: id])]
        }
        [new Described('usernameColonPassword', [variable: variable, credentialsId: id]),
            new Described('usernamePassword', [usernameVariable: "${variable}_USR" as String,
                passwordVariable: "${variable}_PSW" as String, credentialsId: id])]
    }
}
