package controller

import com.cloudbees.groovy.cps.Outcome
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** `input`: waits for the first of a test's answers that is admitted. */
class Input extends Waiting {
    private static final long serialVersionUID = 1

    private final Map<String, Object> given
    private final Strand strand
    private Due due
    private int place

    Input(Map<String, Object> given, Strand strand) {
        this.given = given
        this.strand = strand
    }

    void begin(Build build) {
        place = build.inputs.size()
        build.inputs << [id: given.id, message: given.message, ok: given.ok, submitter: given.submitter,
            submitterParameter: given.submitterParameter, parameters: given.parameters ?: [], outcome: 'pending']
        build.say(given.message, strand.surroundings)
        build.say(given.parameters ? 'Input requested' : "${given.ok ?: 'Proceed'} or ${given.cancel ?: 'Abort'}",
            strand.surroundings)
        strand.wait = this
        expect(build)
    }

    @Override
    Due getDue() {
        due
    }

    @Override
    Outcome poll(Build build) {
        while (due?.reached(build)) {
            Outcome outcome = answered(build, build.answers.remove(position(build)))
            if (outcome) {
                return outcome
            }
            expect(build)
        }
        null
    }

    @Override
    void interrupted(Build build) {
        build.inputs[place].outcome = 'interrupted'
    }

    /** An answer may name the input that it is for. */
    private int position(Build build) {
        build.answers.findIndexOf { it.input == null || it.input == given.id }
    }

    private void expect(Build build) {
        int next = position(build)
        due = next < 0 ? null : Due.after(build, (build.answers[next].after ?: 0) * 1000L)
    }

    private Outcome answered(Build build, Map answer) {
        Map kept = build.inputs[place]
        String refusal = refusal(build, answer)
        Map<String, Object> values = [:]
        try {
            values = refusal || answer.aborts ? [:] : chosen(answer.values ?: [:])
        } catch (IllegalArgumentException wrong) {
            refusal = wrong.message
        }
        if (refusal) {
            build.refused << [input: given.id, by: answer.by, refusal: refusal]
            return null
        }
        kept.by = answer.by
        kept.outcome = answer.aborts ? 'aborted' : 'approved'
        if (answer.aborts) {
            return new Outcome(null, new FlowInterruptedException("Rejected by ${answer.by}" as String))
        }
        build.say("Approved by ${answer.by}", strand.surroundings)
        if (answer.empty) {
            return new Outcome(given.submitterParameter ? answer.by : null, null)
        }
        kept.values = new HashMap(values)
        if (given.submitterParameter) {
            values[given.submitterParameter] = answer.by
        }
        new Outcome(values.size() == 1 ? values.values().first() : values ?: null, null)
    }

    /** Why somebody may not answer; nothing where he may. Names are compared without case, as most realms do. */
    private String refusal(Build build, Map answer) {
        List<String> admitted = given.submitter?.trim() ? given.submitter.split(',')*.trim()*.toLowerCase() : []
        List<String> names = ([answer.by] + (build.groups[answer.by] ?: []))*.toLowerCase()
        if (!admitted || build.administrators.contains(answer.by) || names.any { admitted.contains(it) }) {
            return null
        }
        answer.aborts ? "You need to be '${given.submitter}' (or have Job/Cancel permissions) to cancel this." :
            "You need to be ${given.submitter} to submit this."
    }

    /** What the form sends: every parameter, with its default where nothing was chosen. */
    private Map<String, Object> chosen(Map<String, Object> chosen) {
        Set unknown = chosen.keySet() - (given.parameters ?: [])*.name
        if (unknown) {
            throw new IllegalArgumentException("No such parameter definition: ${unknown.join(', ')}")
        }
        (given.parameters ?: []).collectEntries { Map parameter ->
            Object value = chosen.containsKey(parameter.name) ? chosen[parameter.name] : ParameterTypes.fallback(parameter)
            [(parameter.name): ParameterTypes.value(parameter, value)]
        }
    }
}
