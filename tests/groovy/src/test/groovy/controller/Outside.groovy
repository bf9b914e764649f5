package controller

/** What comes over a build from outside of its program, as a test says: an abort, a newer build, the end of an agent. */
class Outside {
    private final Build build
    private boolean agentGone = false
    private Integer overtakenAt

    Outside(Build build) {
        this.build = build
    }

    void begin() {
        overtakenAt = build.newerPassed()
    }

    /** Let happen what the test says that happens now. @return whether anything did */
    boolean happens() {
        if (build.abortWhen()) {
            build.abortWhen = { false }
            abort()
            return true
        }
        Integer passed = build.newerPassed()
        boolean news = passed != overtakenAt
        overtakenAt = passed
        boolean overtaken = news && passed != null && (build.milestones ? build.milestones.last().ordinal < passed : true)
        if (overtaken || build.supersededWhen()) {
            build.supersededWhen = { false }
            supersede()
            return true
        }
        NodeBlock node = build.strands.collectMany { it.blocks }
            .find { it instanceof NodeBlock && !build.agents.isGone(it.node) && it.is(innermost(it)) } as NodeBlock
        if (node) {
            boolean before = agentGone
            agentGone = build.loseAgentWhen()
            if (agentGone && !before) {
                node.lose(build)
                return true
            }
        }
        false
    }

    void abort() {
        build.tellCause("Aborted by ${build.aborter}")
        build.interrupt("Aborted by ${build.aborter}") { true }
    }

    void supersede() {
        build.tellCause("Superseded by ${build.newer}")
        build.interrupt("Superseded by ${build.newer}", [result: 'NOT_BUILT']) { true }
    }

    private NodeBlock innermost(Block node) {
        build.strands.find { it.isWithin(node) }?.blocks?.find { it instanceof NodeBlock } as NodeBlock
    }
}
