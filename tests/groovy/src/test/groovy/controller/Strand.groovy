package controller

import com.cloudbees.groovy.cps.Continuable
import com.cloudbees.groovy.cps.Outcome
import groovy.transform.CompileStatic

/** One green thread of a running pipeline: the script itself, or the body of a step. */
@CompileStatic
class Strand implements Serializable {
    private static final long serialVersionUID = 1

    final int id
    final Continuable code
    final Surroundings surroundings
    /** The step that runs this strand as its body; the script itself has none. */
    final Block parent
    final String name
    /** What the strand goes on with; none while it waits. */
    Outcome ready = new Outcome(null, null)
    /** Process that it waits for. */
    Long process
    /** Step that it waits for, whose bodies run. */
    Block block

    Strand(int id, Continuable code, Surroundings surroundings, Block parent, String name) {
        this.id = id
        this.code = code
        this.surroundings = surroundings
        this.parent = parent
        this.name = name
    }

    void resume(Outcome outcome) {
        ready = outcome
        process = null
        block = null
    }

    boolean isWaiting() {
        ready == null
    }
}
