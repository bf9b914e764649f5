package controller

/** Every step that the vars may use, as the plugins behave; an argument that a plugin does not take is an error. */
class Steps {
    /**
     * Step -> [takes: what it takes, see Declaration, needs: the arguments of its constructor, node: whether it needs one,
     * body: whether it has one, does: its work].
     */
    static final Map<String, Map> TABLE =
        FileSteps.TABLE + FlowSteps.TABLE + GateSteps.TABLE + JobSteps.TABLE + NodeSteps.TABLE + PublishSteps.TABLE

    private static final Map<String, Declaration> DECLARED = TABLE.findAll { it.value.takes != null }
        .collectEntries { name, step -> [(name): new Declaration(name, step.takes, step.needs ?: [])] }

    static Declaration declared(String step) {
        DECLARED[step]
    }

    /** Start a step; it answers at once, or later where it waits for something or for its bodies. */
    static void start(Build build, Strand strand, Call call) {
        Map step = TABLE[call.step]
        if (step == null || build.absentSteps.contains(call.step)) {
            throw new NoSuchMethodError(
                "No such DSL method '${call.step}' found among steps ${TABLE.keySet() - build.absentSteps} or symbols ${Kinds.SYMBOLS}")
        }
        Declaration declared = DECLARED[call.step]
        Map given = declared ? call.named(declared) : call.branches()
        check(build, strand, call, step)
        given = declared ? declared.instantiate(given) : given
        build.note(strand, call.step, given)
        if (call.body) {
            given.body = call.body
        }
        step.does.call(build, strand, given)
        if (strand.waiting && strand.wait == null && strand.block == null) {
            build.answer(strand, null)
        }
    }

    private static void check(Build build, Strand strand, Call call, Map step) {
        if ((step.body ?: false) != (call.body != null)) {
            throw new IllegalStateException("${call.step} step ${step.body ? 'must' : 'cannot'} be called with a body")
        }
        if (step.node && strand.surroundings.folder == null) {
            throw new MissingContextVariableException(call.step)
        }
        if (step.node && build.agents.isGone(strand.surroundings.node)) {
            throw new AgentOfflineException('agent')
        }
    }
}
