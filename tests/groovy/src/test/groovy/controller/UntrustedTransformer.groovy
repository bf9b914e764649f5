package controller

import com.cloudbees.groovy.cps.CpsTransformer
import com.cloudbees.groovy.cps.sandbox.Untrusted

/**
 * Marks what it transforms as untrusted, so that every call and property goes through the sandbox. groovy-cps's own
 * SandboxCpsTransformer, which guards casts as well, needs a later groovy-sandbox than Maven Central has.
 */
class UntrustedTransformer extends CpsTransformer {
    @Override
    protected Class getTrustTag() {
        Untrusted
    }
}
