package controller

/** A failure whose message is all that people need, as hudson.AbortException. */
class AbortException extends IOException {
    private static final long serialVersionUID = 1

    AbortException(String message) {
        super(message)
    }
}

/** The end of a build from outside; no script may hide it. */
class FlowInterruptedException extends InterruptedException {
    private static final long serialVersionUID = 1

    FlowInterruptedException() {
        super('aborted')
    }
}

/** A step that needs a node was called outside of one. */
class MissingContextVariableException extends Exception {
    private static final long serialVersionUID = 1

    MissingContextVariableException(String step) {
        super("Required context class hudson.FilePath is missing: ${step} needs a node around it")
    }
}
