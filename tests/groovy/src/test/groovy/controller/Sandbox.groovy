package controller

import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import java.util.regex.Matcher
import org.codehaus.groovy.runtime.GStringImpl
import org.codehaus.groovy.runtime.ScriptBytecodeAdapter
import org.kohsuke.groovy.sandbox.GroovyInterceptor

/**
 * The script sandbox, in which libraries run that no administrator vouches for: what is not allowed here is refused.
 * All that is allowed here is allowed by a controller (script-security's generic list, workflow-cps), not the other way
 * round.
 */
class Sandbox extends GroovyInterceptor {
    private static final Map<Class, List<String>> METHODS = [
        (Map): ['any', 'collect', 'collectEntries', 'collectMany', 'containsKey', 'containsValue', 'count', 'each',
            'entrySet', 'every', 'find', 'findAll', 'get', 'getAt', 'getOrDefault', 'groupBy', 'inject', 'isEmpty', 'keySet',
            'minus', 'plus', 'put', 'putAll', 'putAt', 'putIfAbsent', 'remove', 'size', 'sort', 'subMap', 'values'],
        (Map.Entry): ['getKey', 'getValue'],
        (Collection): ['add', 'addAll', 'any', 'collate', 'collect', 'collectEntries', 'collectMany', 'contains',
            'containsAll', 'count', 'drop', 'each', 'eachWithIndex', 'every', 'find', 'findAll', 'first', 'flatten', 'get',
            'getAt', 'groupBy', 'indexOf', 'inject', 'isEmpty', 'iterator', 'join', 'last', 'leftShift', 'max', 'min', 'minus',
            'plus', 'putAt', 'remove', 'removeAll', 'reverse', 'size', 'sort', 'subList', 'sum', 'tail', 'take', 'toList',
            'toSet', 'transpose', 'unique'],
        (Iterator): ['hasNext', 'next'],
        (CharSequence): ['capitalize', 'contains', 'count', 'drop', 'endsWith', 'equalsIgnoreCase', 'getAt', 'indexOf',
            'isEmpty', 'isInteger', 'isNumber', 'lastIndexOf', 'length', 'matches', 'minus', 'multiply', 'padLeft', 'padRight',
            'plus', 'readLines', 'replace', 'replaceAll', 'replaceFirst', 'reverse', 'size', 'split', 'startsWith',
            'stripIndent', 'stripMargin', 'substring', 'take', 'toBoolean', 'toInteger', 'toLong', 'toLowerCase', 'toUpperCase',
            'tokenize', 'trim'],
        (Number): ['abs', 'compareTo', 'div', 'intValue', 'intdiv', 'longValue', 'minus', 'mod', 'multiply', 'next', 'plus',
            'previous', 'times'],
        (Boolean): ['and', 'or'],
        (Class): ['getName', 'getSimpleName', 'isInstance'],
        (Closure): ['call'],
        (Date): ['format', 'getTime'],
        (JsonSlurper): ['parseText'],
        (Matcher): ['find', 'getAt', 'group', 'groupCount', 'matches'],
        (Throwable): ['getCause', 'getMessage'],
        (ScriptClosure): ['println', 'sleep'],
        (Object): ['asBoolean', 'equals', 'getClass', 'hashCode', 'toString'],
    ]
    private static final Map<Class, List<String>> STATIC = [
        (JsonOutput): ['prettyPrint', 'toJson'],
        (Math): ['max', 'min', 'round'],
        (String): ['format', 'join', 'valueOf'],
        (Integer): ['parseInt', 'valueOf'],
        // What casts, comparisons and `switch` become.
        (ScriptBytecodeAdapter): ['asType', 'compareEqual', 'compareGreaterThan', 'compareGreaterThanEqual', 'compareIdentical',
            'compareLessThan', 'compareLessThanEqual', 'compareNotEqual', 'compareNotIdentical', 'compareTo', 'findRegex',
            'isCase', 'matchRegex'],
        (UUID): ['randomUUID'],
    ]

    private static final List<Class> PIPELINE = [PipelineScript, EnvironmentVariables, CurrentBuild, OtherBuild, TestResults]

    /** Some of what may be made, and what a text with `${}` and a range become. */
    private static final List<Class> NEW = [Date, Exception, GStringImpl, HashMap, HashSet, IntRange, JsonSlurper]
    /** What may be read as a property, as it has a method for that. */
    private static final Map<Class, List<String>> PROPERTIES = [
        (Map.Entry): ['key', 'value'],
        (Object): ['class'],
        (Class): ['name', 'simpleName'],
        (Date): ['time'],
        (Throwable): ['cause', 'message'],
    ]

    /** Do `work` under guard. */
    static Object guard(Closure work) {
        Sandbox sandbox = new Sandbox()
        sandbox.register()
        try {
            return work()
        } finally {
            sandbox.unregister()
        }
    }

    @Override
    Object onMethodCall(GroovyInterceptor.Invoker invoker, Object receiver, String method, Object... arguments) {
        allow(isPipeline(receiver) || listed(METHODS, receiver, method), "method ${receiver.getClass().name} ${method}")
        super.onMethodCall(invoker, receiver, method, arguments)
    }

    @Override
    Object onStaticCall(GroovyInterceptor.Invoker invoker, Class receiver, String method, Object... arguments) {
        boolean list = receiver == JsonOutput && arguments.any { it instanceof Collection }
        allow(STATIC[receiver]?.contains(method) && !list, "staticMethod ${receiver.name} ${method}${list ? ' java.lang.Object' : ''}")
        super.onStaticCall(invoker, receiver, method, arguments)
    }

    @Override
    Object onNewInstance(GroovyInterceptor.Invoker invoker, Class receiver, Object... arguments) {
        allow(NEW.contains(receiver), "new ${receiver.name}")
        super.onNewInstance(invoker, receiver, arguments)
    }

    @Override
    Object onGetProperty(GroovyInterceptor.Invoker invoker, Object receiver, String property) {
        allow(isPipeline(receiver) || receiver instanceof Map || listed(PROPERTIES, receiver, property),
            "property ${receiver.getClass().name} ${property}")
        super.onGetProperty(invoker, receiver, property)
    }

    @Override
    Object onSetProperty(GroovyInterceptor.Invoker invoker, Object receiver, String property, Object value) {
        allow(isPipeline(receiver) || receiver instanceof Map, "property ${receiver.getClass().name} ${property}")
        super.onSetProperty(invoker, receiver, property, value)
    }

    @Override
    Object onGetAttribute(GroovyInterceptor.Invoker invoker, Object receiver, String attribute) {
        allow(false, "field ${receiver.getClass().name} ${attribute}")
    }

    @Override
    Object onSetAttribute(GroovyInterceptor.Invoker invoker, Object receiver, String attribute, Object value) {
        allow(false, "field ${receiver.getClass().name} ${attribute}")
    }

    private static void allow(boolean allowed, String use) {
        if (!allowed) {
            throw new SecurityException("Scripts not permitted to use ${use}")
        }
    }

    /** Scripts themselves, and what the controller gives them; no failure and no symbol can be looked into. */
    private static boolean isPipeline(Object receiver) {
        PIPELINE.any { it.isInstance(receiver) }
    }

    private static boolean listed(Map<Class, List<String>> table, Object receiver, String method) {
        table.any { type, names -> type.isInstance(receiver) && names.contains(method) }
    }
}
