package controller

import com.cloudbees.groovy.cps.Outcome

/** `lock`, while it waits: first come, first served. */
class LockWait extends Waiting {
    private static final long serialVersionUID = 1

    private final Strand strand
    private final Closure body
    private final List<Map> wanted
    private final String variable
    private final int ticket

    LockWait(Strand strand, Closure body, List<Map> wanted, String variable, int ticket) {
        this.strand = strand
        this.body = body
        this.wanted = wanted
        this.variable = variable
        this.ticket = ticket
    }

    void begin(Build build, boolean skip) {
        build.say("Trying to acquire lock on [${this}]", strand.surroundings)
        strand.wait = this
        if (poll(build) == null && strand.wait.is(this)) {
            build.say("[${this}] is not free, ${skip ? 'skipping' : 'waiting for'} execution ...", strand.surroundings)
            if (skip) {
                build.answer(strand, null)
            }
        }
    }

    /** Its time to ask again is when another build gives a resource back. */
    @Override
    Due getDue() {
        List<Long> times = Build.running().lockedElsewhere.findAll { name, seconds -> seconds != null }
            .collect { name, seconds -> Build.running().began + seconds * 1000L }.findAll { it > Build.running().now }
        times ? new Due(times.min(), Long.MAX_VALUE) : null
    }

    @Override
    Outcome poll(Build build) {
        List<String> taken = resources(build)
        boolean first = build.strands*.wait.every { !(it instanceof LockWait) || it.ticket >= ticket || !(it.resources(build)) }
        if (taken && first) {
            strand.wait = null
            new Lock(strand, taken).begin(build, body, this as String, variable)
        }
        null
    }

    /** Those that it would get now; none where one is not free. */
    List<String> resources(Build build) {
        List<String> taken = []
        for (Map each in wanted) {
            List<String> known = each.resource ? [each.resource] : build.lockables[each.label]
            List<String> free = known.findAll { !held(build, it) && !taken.contains(it) }
            int needed = each.resource ? 1 : each.quantity ?: known.size()
            if (free.size() < needed) {
                return []
            }
            taken.addAll(free.take(needed))
        }
        taken
    }

    private static boolean held(Build build, String resource) {
        boolean elsewhere = build.lockedElsewhere.containsKey(resource) &&
            (build.lockedElsewhere[resource] == null || build.elapsed < build.lockedElsewhere[resource])
        elsewhere || build.locks.any { it.resource == resource && it.to == null }
    }

    @Override
    String toString() {
        wanted.collect { it.resource ? "Resource: ${it.resource}" : "Label: ${it.label}, Quantity: ${it.quantity ?: 'All'}" }
            .join(',')
    }
}

/** `lock`, while it has what it wanted. */
class Lock extends Around {
    private static final long serialVersionUID = 1

    private final List<String> resources

    Lock(Strand caller, List<String> resources) {
        super(caller)
        this.resources = resources
    }

    void begin(Build build, Closure body, String described, String variable) {
        resources.each { build.locks << [resource: it, from: build.elapsed, to: null] }
        build.say("Lock acquired on [${described}]", caller.surroundings)
        Map<String, String> variables = [:]
        if (variable) {
            variables[variable] = resources.join(',')
            resources.eachWithIndex { resource, index -> variables["${variable}${index}" as String] = resource }
        }
        Surroundings within = caller.surroundings.copyWith(locks: caller.surroundings.locks + resources) + variables
        build.fork('lock', body, within, this)
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        resources.each { resource -> build.locks.find { it.resource == resource && it.to == null }.to = build.elapsed }
        build.say("Lock released on resource [${resources.join(', ')}]", caller.surroundings)
        super.ended(build, name, outcome)
    }
}
