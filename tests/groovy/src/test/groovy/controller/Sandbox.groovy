package controller

import groovy.json.JsonOutput
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
        (Map): ['any', 'collect', 'collectEntries', 'containsKey', 'each', 'findAll', 'get', 'getAt', 'keySet', 'plus',
            'put', 'putAt', 'remove', 'size', 'subMap', 'values'],
        (Collection): ['add', 'any', 'collect', 'collectEntries', 'contains', 'each', 'every', 'findAll', 'first',
            'getAt', 'iterator', 'join', 'minus', 'plus', 'size', 'toList'],
        (Iterator): ['hasNext', 'next'],
        (CharSequence): ['contains', 'plus', 'toInteger', 'tokenize', 'trim'],
        (Number): ['minus', 'multiply', 'next', 'plus'],
        (Class): ['isInstance'],
        (Closure): ['call'],
        (Object): ['toString'],
    ]
    private static final Map<Class, List<String>> STATIC = [
        (JsonOutput): ['toJson'],
        // What casts, comparisons and `switch` become.
        (ScriptBytecodeAdapter): ['asType', 'compareEqual', 'compareGreaterThan', 'compareLessThan', 'compareNotEqual',
            'isCase'],
        (UUID): ['randomUUID'],
    ]

    /** What a text with `${}` becomes. */
    private static final List<Class> NEW = [GStringImpl]

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
        allow(STATIC[receiver]?.contains(method) ?: false, "staticMethod ${receiver.name} ${method}")
        super.onStaticCall(invoker, receiver, method, arguments)
    }

    @Override
    Object onNewInstance(GroovyInterceptor.Invoker invoker, Class receiver, Object... arguments) {
        allow(NEW.contains(receiver), "new ${receiver.name}")
        super.onNewInstance(invoker, receiver, arguments)
    }

    @Override
    Object onGetProperty(GroovyInterceptor.Invoker invoker, Object receiver, String property) {
        allow(isPipeline(receiver) || receiver instanceof Map, "property ${receiver.getClass().name} ${property}")
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

    /** Scripts themselves, and what the controller gives them. */
    private static boolean isPipeline(Object receiver) {
        receiver instanceof PipelineScript || receiver.getClass().package?.name == Sandbox.package.name
    }

    private static boolean listed(Map<Class, List<String>> table, Object receiver, String method) {
        table.any { type, names -> type.isInstance(receiver) && names.contains(method) }
    }
}
