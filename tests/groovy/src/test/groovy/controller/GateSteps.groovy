package controller

/** Steps at which builds wait for each other, or for people. */
class GateSteps {
    private static final Declaration RESOURCE = new Declaration('lock.extra',
        [resource: String, label: String, quantity: Integer, reason: String], ['resource'])

    static final Map<String, Map> TABLE = [
        input: [takes: [message: String, id: String, ok: String, cancel: String, submitter: String,
            submitterParameter: String, parameters: [Kinds.PARAMETER]], needs: ['message'], does: GateSteps.&input],
        lock: [takes: [resource: String, label: String, quantity: Integer, variable: String, inversePrecedence: Boolean,
            skipIfLocked: Boolean, priority: Integer, reason: String, resourceSelectStrategy: String, extra: [RESOURCE]],
            needs: ['resource'], body: true, does: GateSteps.&lock],
        milestone: [takes: [ordinal: Integer, label: String, unsafe: Boolean], needs: ['ordinal'],
            does: GateSteps.&milestone],
    ]

    private static void input(Build build, Strand strand, Map given) {
        String id = given.id ?: Integer.toHexString(given.message.hashCode())
        if (!(id ==~ /[a-zA-Z0-9\-._~!$()*+,:@=]+/) || id in ['.', '..']) {
            throw new IllegalArgumentException("InputStep id is required to be URL safe, but the provided id ${id} is not safe")
        }
        new Input(given + [id: id.capitalize()], strand).begin(build)
    }

    private static void lock(Build build, Strand strand, Map given) {
        String resource = given.resource?.trim() ?: null
        String label = given.label?.trim() ?: null
        List<Map> wanted = (resource || label ? [[resource: resource, label: label, quantity: given.quantity]] : []) +
            (given.extra ?: [])
        if (!wanted) {
            throw new IllegalArgumentException('Either resource label or resource name must be specified.')
        }
        if (given.priority && given.inversePrecedence) {
            throw new IllegalArgumentException(
                'The "inverse precedence" option is not compatible with "queue priority" option!')
        }
        for (Map each in wanted) {
            if (each.resource && each.label) {
                throw new IllegalArgumentException('Resource label and resource name cannot be specified simultaneously.')
            }
            if (each.label && !build.lockables.containsKey(each.label)) {
                throw new IllegalArgumentException("The resource label does not exist: ${each.label}.")
            }
        }
        new LockWait(strand, given.body, wanted, given.variable, build.nextNumber()).begin(build, given.skipIfLocked ?: false)
    }

    private static void milestone(Build build, Strand strand, Map given) {
        if (build.strands.count { it.block == null } > 1 && !given.unsafe) {
            throw new AbortException('Using a milestone step inside parallel is not allowed')
        }
        Integer former = build.milestones ? build.milestones.last().ordinal : null
        Integer ordinal = given.ordinal != null ? given.ordinal : former != null ? former + 1 : 0
        if (former != null && former >= ordinal) {
            throw new AbortException("Invalid ordinal ${ordinal}, as the previous one was ${former}")
        }
        build.say("Trying to pass milestone ${ordinal}", strand.surroundings)
        build.milestones << [ordinal: ordinal, label: given.label]
        Integer passed = build.newerPassed()
        if (passed != null && passed >= ordinal) {
            build.outside.supersede()
        }
    }
}
