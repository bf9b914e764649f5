package controller

import com.cloudbees.groovy.cps.Outcome
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** `catchError` and `warnError`: a failure becomes a result, of the build and of the stage. */
class CatchError extends Block {
    private static final long serialVersionUID = 1

    private final Map<String, Object> given

    CatchError(Strand caller, Map given) {
        super(caller)
        this.given = given.findAll { name, value -> name != 'body' }
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        Throwable failure = outcome.abnormal
        boolean interruption = failure instanceof FlowInterruptedException
        if (interruption && failure.actual && given.catchInterruptions == false) {
            caller.resume(outcome)
            return
        }
        if (failure) {
            if (given.message) {
                build.say("ERROR: ${given.message}", caller.surroundings)
            }
            build.tell(failure, caller.surroundings)
            build.worsen(interruption ? failure.result : given.buildResult ?: 'SUCCESS')
            build.mark(caller.surroundings, interruption ? failure.result : given.stageResult ?: 'SUCCESS')
        }
        caller.resume(new Outcome(null, null))
    }
}
