package controller

import com.cloudbees.groovy.cps.CpsTransformer
import com.cloudbees.groovy.cps.sandbox.Untrusted

/**
 * Marks what it transforms as untrusted, so that every call and property goes through the sandbox. The library's own
 * SandboxCpsTransformer, which guards casts to classes as well, needs a groovy-sandbox that Maven Central does not have.
 */
class UntrustedTransformer extends CpsTransformer {
    @Override
    protected Class getTrustTag() {
        Untrusted
    }
}
