package controller

import com.cloudbees.groovy.cps.Outcome
import groovy.transform.CompileStatic
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** The nodes of a build: who works in which workspace, and which of them have gone. */
@CompileStatic
class Agents {
    private final File folder
    /** Whether each `node` is a machine of its own, whose workspace does not exist yet. */
    boolean fresh = false
    /** Every workspace that was used, in order. */
    final List<File> workspaces = []
    private final Map<Integer, File> taken = [:]
    private final Set<Integer> gone = [] as Set
    private int machines = 0

    Agents(File folder) {
        this.folder = folder
    }

    /** The workspace of the next `node`; what works at the same time on one machine gets others beside it. */
    File take(Integer node) {
        String name = fresh ? "workspace-${++machines}" : 'workspace'
        File workspace = (1..100).collect { new File(folder, it == 1 ? name : name + '@' + it) }
            .find { !taken.values().contains(it) }
        if (!fresh) {
            workspace.mkdirs()
        }
        taken[node] = workspace
        workspaces << workspace
        workspace
    }

    int getBusy() {
        taken.size()
    }

    void release(Integer node) {
        taken.remove(node)
    }

    void lose(Integer node) {
        gone << node
    }

    boolean isGone(Integer node) {
        gone.contains(node)
    }

    /** Whether a failure is for the end of an agent, as the condition `agent()` of `retry` sees it. */
    static boolean lost(Throwable failure) {
        failure instanceof AgentOfflineException || failure instanceof MissingContextVariableException ||
            failure instanceof FlowInterruptedException && ((FlowInterruptedException) failure).agent
    }
}

/** `node`: its body has an executor until it ends. */
@CompileStatic
class NodeBlock extends Around {
    private static final long serialVersionUID = 1

    final Integer node

    NodeBlock(Strand caller, Integer node) {
        super(caller)
        this.node = node
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        build.agents.release(node)
        super.ended(build, name, outcome)
    }

    /** The agent goes, and with it what runs on it, which is not told. */
    void lose(Build build) {
        build.agents.lose(node)
        build.say('Agent agent was deleted; cancelling node body', caller.surroundings)
        for (Strand strand in build.strands) {
            if (strand.isWithin(this) && strand.wait instanceof Running) {
                build.processes.terminate(((Running) strand.wait).process, ['KILL'])
            }
        }
        build.interrupt('Agent was removed', [agent: true]) { Strand strand -> strand.isWithin(this) }
    }
}
