package controller

import com.cloudbees.groovy.cps.Outcome
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** Steps about jobs: this one and others. */
class JobSteps {
    static final Map<String, Map> TABLE = [
        build: [takes: [job: String, parameters: [Kinds.VALUE], wait: Boolean, waitForStart: Boolean, propagate: Boolean,
            quietPeriod: Integer], needs: ['job'], does: JobSteps.&build],
        properties: [takes: [properties: [Kinds.PROPERTY]], needs: ['properties'],
            does: { Build build, Strand strand, Map given ->
                build.configure(given.properties)
            }],
    ]

    /** A build that nobody waits for is only noted; of others the test says how they end. */
    private static void build(Build build, Strand strand, Map given) {
        if (!build.jobs.containsKey(given.job)) {
            throw new AbortException("No item named ${given.job} found")
        }
        build.started << [job: given.job, parameters: (given.parameters ?: []).collectEntries { [(it.name): it.value] }] +
            given.subMap(['wait', 'quietPeriod'])
        build.say("Scheduling project: ${given.job}", strand.surroundings)
        if (given.wait != false) {
            strand.wait = new Downstream(given.job, given.propagate != false,
                Due.after(build, (other(build, given.job).after ?: 0) * 1000L))
        }
    }

    static Map other(Build build, String job) {
        [number: 1, result: 'SUCCESS'] + build.jobs[job]
    }
}

/** `build`, while the other build runs. */
class Downstream extends Waiting {
    private static final long serialVersionUID = 1

    final Due due
    private final String job
    private final boolean propagate

    Downstream(String job, boolean propagate, Due due) {
        this.job = job
        this.propagate = propagate
        this.due = due
    }

    @Override
    Outcome poll(Build build) {
        if (!due.reached(build)) {
            return null
        }
        Map other = JobSteps.other(build, job)
        String name = "${job} #${other.number}"
        build.say("Build ${name} completed: ${other.result}", Surroundings.NONE)
        if (propagate && other.result != 'SUCCESS') {
            String cause = "${name} completed with status ${other.result} (propagate: false to ignore)"
            return new Outcome(null, new FlowInterruptedException([result: other.result, actual: false], cause))
        }
        new Outcome(new OtherBuild(other + [fullDisplayName: name]), null)
    }
}
