package org.jenkinsci.plugins.workflow.steps

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
