package controller

import com.cloudbees.groovy.cps.Continuable
import com.cloudbees.groovy.cps.SerializableScript
import org.codehaus.groovy.runtime.InvokerHelper

/** What Jenkinsfiles and vars extend, as CpsScript in Jenkins: a name that is no method is a var, a step or a symbol. */
abstract class PipelineScript extends SerializableScript {
    private static final long serialVersionUID = 1

    @Override
    Object invokeMethod(String name, Object arguments) {
        Object target = Build.running().global(this, name)
        if (target != null) {
            return InvokerHelper.getMetaClass(target).invokeMethod(target, 'call', arguments)
        }
        Call call = new Call(name, (arguments as Object[]).toList())
        if (!Steps.TABLE.containsKey(name) && Kinds.SYMBOLS.contains(name)) {
            return new Described(name, call.described())
        }
        Continuable.suspend(name, call)
    }

    @Override
    Object getProperty(String name) {
        try {
            return super.getProperty(name)
        } catch (MissingPropertyException absent) {
            Object target = Build.running().global(this, name)
            if (target == null) {
                target = Build.running().environment()[name]
            }
            if (target == null) {
                throw absent
            }
            return target
        }
    }

    /** A variable that is not declared would be shared by all that the script does at once. */
    @Override
    void setProperty(String name, Object value) {
        if (name != 'binding' && name != 'metaClass') {
            throw new MissingPropertyException("variable ${name} is not declared")
        }
        super.setProperty(name, value)
    }

    @Override
    void println(Object text) {
        invokeMethod('echo', [String.valueOf(text)] as Object[])
    }

    /** Groovy gives every object a `sleep` of its own, which would be found first. */
    Object sleep(long seconds) {
        invokeMethod('sleep', [seconds] as Object[])
    }
}
