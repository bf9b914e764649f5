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
    /** What it waits for: time, a process, a person, a lock. */
    Waiting wait
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
        wait = null
        block = null
    }

    boolean isWaiting() {
        ready == null
    }

    /** The steps around, innermost first. */
    List<Block> getBlocks() {
        List<Block> blocks = []
        for (Block block = parent; block != null; block = block.caller.parent) {
            blocks << block
        }
        blocks
    }

    boolean isWithin(Block block) {
        blocks.any { it.is(block) }
    }
}
