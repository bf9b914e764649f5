package controller

/** A failure whose message is all that people need, as hudson.AbortException. */
class AbortException extends IOException {
    private static final long serialVersionUID = 1

    AbortException(String message) {
        super(message)
    }
}

/** The end of a body, or of a whole build, from outside; its causes are out of a sandboxed script's reach. */
class FlowInterruptedException extends InterruptedException {
    private static final long serialVersionUID = 1

    /** What it makes of the build. */
    final String result
    /** The step that gave it, by its id: a `timeout`; none where it came from outside of the program. */
    final Integer origin
    /** Whether it is for the end of an agent, so that `retry` may go again. */
    final boolean agent
    /** Whether somebody wants the end; a timeout outside of its own body, and an agent that is gone, are mere failures. */
    boolean actual

    FlowInterruptedException(Map about = [:], String cause) {
        super(cause)
        result = about.result ?: 'ABORTED'
        origin = about.origin as Integer
        agent = about.agent ?: false
        actual = !agent && about.actual != false
    }
}

/** A step that needs a node was called outside of one. */
class MissingContextVariableException extends Exception {
    private static final long serialVersionUID = 1

    MissingContextVariableException(String step) {
        super("Required context class hudson.FilePath is missing: ${step} needs a node around it")
    }
}

/** A step that needs its node was called after that had gone. */
class AgentOfflineException extends IOException {
    private static final long serialVersionUID = 1

    AgentOfflineException(String agent) {
        super("Unable to create live FilePath for ${agent}; ${agent} was marked offline: agent was removed")
    }
}

/** Ant was asked for files of a folder that is not there: no option about empty results helps. */
class BuildException extends RuntimeException {
    private static final long serialVersionUID = 1

    BuildException(String folder) {
        super("${folder} does not exist.")
    }
}

/** There are no such credentials, or they are of another kind. */
class CredentialNotFoundException extends AbortException {
    private static final long serialVersionUID = 1

    CredentialNotFoundException(String message) {
        super(message)
    }
}
