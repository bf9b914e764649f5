package controller

/** A failure whose message is all that people need, as hudson.AbortException. */
class AbortException extends IOException {
    private static final long serialVersionUID = 1

    AbortException(String message) {
        super(message)
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
