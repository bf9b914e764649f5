package controller

import com.cloudbees.groovy.cps.Block
import com.cloudbees.groovy.cps.Env
import com.cloudbees.groovy.cps.impl.CpsClosure
import org.codehaus.groovy.runtime.InvokerHelper

/** What a closure in a script is, as CpsClosure2 in Jenkins: `sleep` in it is the step, not what Groovy gives every object. */
class ScriptClosure extends CpsClosure {
    private static final long serialVersionUID = 1

    ScriptClosure(Object owner, Object thisObject, List<String> parameters, Block body, Env capture) {
        super(owner, thisObject, parameters, body, capture)
    }

    Object sleep(long seconds) {
        InvokerHelper.invokeMethod(owner, 'sleep', seconds)
    }

    void println(Object text) {
        InvokerHelper.invokeMethod(owner, 'println', [text] as Object[])
    }
}
