package specifications

import spock.lang.Unroll

/** The controller of these tests: time, locks, milestones, inputs, and the end of a build from outside. */
class ControllerWaitsSpec extends Vars {
    def 'naps take no time in reality, and all of it on the build\'s clock'() {
        given:
        pipeline "sleep(30); sleep(time: 2, unit: 'HOURS')"

        expect:
        run().naps == [30, 7200]
        build.elapsed == 7230
    }

    def 'branches nap side by side'() {
        given:
        pipeline "parallel(a: { sleep(30); echo('a') }, b: { sleep(20); echo('b') })"

        expect:
        run().log == ['b', 'a']
        build.elapsed == 30
    }

    def 'a timeout interrupts its body, whose finally blocks run, and aborts the build'() {
        given:
        pipeline '''
            timeout(time: 1, unit: 'MINUTES') {
                try { while (true) { sleep(25) } } finally { node('') { sh('echo cleaned') } }
            }
        '''

        expect:
        run().result == 'ABORTED'
        build.naps == [25, 25, 25]
        build.elapsed == 60
        build.log.containsAll('Cancelling nested steps due to timeout', 'cleaned', 'Timeout has been exceeded')
    }

    def 'a timeout ends a process that hangs'() {
        given:
        pipeline "timeout(1) { node('') { sh('touch running; sleep 1000') } }"
        build.hangsWhen = { new File(build.workspace, 'running').exists() }

        expect:
        run().result == 'ABORTED'
        build.elapsed == 60
    }

    def 'a process that works is not ended by the time that others nap'() {
        given:
        pipeline "parallel(a: { timeout(1) { node('') { sh('sleep 0.2') } } }, b: { sleep(300) })"

        expect:
        run().result == 'SUCCESS'
    }

    def 'a body that does not end after its timeout is interrupted once more'() {
        given:
        pipeline "timeout(1) { try { sleep(100) } finally { sleep(1000) } }"

        expect:
        run().result == 'ABORTED'
        build.elapsed == 120
    }

    @Unroll
    def 'a timeout counts as a failure outside of its body: #script'() {
        given:
        pipeline script

        expect:
        run().elapsed == seconds
        build.log.contains('on') == on

        where:
        script                                                                  | seconds | on
        'retry(2) { timeout(1) { sleep(100) } }'                                | 120     | false
        'timeout(1) { retry(2) { sleep(100) } }'                                | 60      | false
        'catchError(catchInterruptions: false) { timeout(1) { sleep(100) } }; echo("on")' | 60 | true
        'timeout(1) { catchError(catchInterruptions: false) { sleep(100) }; echo("on") }' | 60 | false
    }

    def 'of branches that end badly a failure counts more than an interruption before it'() {
        given:
        pipeline "parallel(a: { timeout(1) { sleep(100) } }, b: { sleep(90); error('no') })"

        expect:
        run().result == 'FAILURE'
        build.log.last() == 'ERROR: no'
    }

    def 'a lock is held by one at a time, in the order of asking, and its name is known within'() {
        given:
        pipeline '''
            Map branches = ['a', 'b'].collectEntries { name ->
                [(name): { lock(resource: 'prod', variable: 'HELD') { echo(name + ' has ' + env.HELD); sleep(10) } }]
            }
            parallel(branches)
        '''

        when:
        run()

        then:
        build.locks == [[resource: 'prod', from: 0, to: 10], [resource: 'prod', from: 10, to: 20]]
        build.log.containsAll('a has prod', 'b has prod')
        build.calls.findAll { it.step == 'sleep' }*.locks == [['prod'], ['prod']]
    }

    def 'a lock waits for another build to give it back'() {
        given:
        pipeline "lock('prod') { echo('mine') }"
        build.lockedElsewhere.prod = 90

        expect:
        run().locks == [[resource: 'prod', from: 90, to: 90]]
    }

    def 'a lock that is never free can be skipped'() {
        given:
        pipeline "lock(resource: 'prod', skipIfLocked: true) { echo('mine') }; echo('on')"
        build.lockedElsewhere.prod = null

        expect:
        run().result == 'SUCCESS'
        build.log.last() == 'on' && build.locks == []
    }

    def 'a lock is given back by a body that fails'() {
        given:
        pipeline "try { lock('prod') { error('no') } } catch (e) { echo(e.message) }; lock('prod') { }"

        expect:
        run().result == 'SUCCESS'
        build.locks*.to == [0, 0]
    }

    def 'any free resources of a label are locked'() {
        given:
        pipeline "lock(resource: null, label: 'gpu', quantity: 1, variable: 'GPU') { echo(env.GPU) }"
        build.lockables.gpu = ['gpu-1', 'gpu-2']
        build.lockedElsewhere['gpu-1'] = null

        expect:
        run().log.contains('gpu-2')
    }

    @Unroll
    def 'a build fails with #message'() {
        given:
        pipeline script

        expect:
        run().result == 'FAILURE'
        build.console.contains(message)

        where:
        script                                    | message
        "lock(variable: 'A') { }"                 | 'Either resource label or resource name must be specified'
        "lock(resource: 'a', label: 'b') { }"     | 'cannot be specified simultaneously'
        "lock(label: 'b') { }"                    | 'The resource label does not exist: b.'
        "lock('a')"                               | 'lock step must be called with a body'
        'milestone(2); milestone(2)'              | 'Invalid ordinal 2, as the previous one was 2'
        'parallel(a: { milestone(1) }, b: { sleep(1) })' | 'Using a milestone step inside parallel is not allowed'
        "input(message: 'a', id: 'a b')"          | 'the provided id a b is not safe'
        "input(message: 'a', parameters: [agent()])" | 'no known implementation of ParameterDefinition is named agent'
        "input(message: 'a', parameters: [string(defaultValue: '')])" | 'string: missing required parameter(s) [name]'
    }

    def 'milestones are passed in order'() {
        given:
        pipeline "milestone(1); milestone(ordinal: 5, label: 'prod'); milestone()"

        expect:
        run().milestones == [[ordinal: 1, label: null], [ordinal: 5, label: 'prod'], [ordinal: 6, label: null]]
    }

    def 'a newer build that passes a milestone ends this one, wherever it is'() {
        given:
        pipeline "milestone(1); try { sleep(100) } finally { echo('cleaned') }; milestone(2)"
        build.newerPassed = { build.naps ? 2 : null }

        expect:
        run().result == 'NOT_BUILT'
        build.log.containsAll('cleaned', 'Superseded by main #8')
        build.milestones*.ordinal == [1]
    }

    def 'a milestone that a newer build has passed already ends this one there'() {
        given:
        pipeline "sleep(10); milestone(2); sleep(10)"
        build.newerPassed = { 2 }

        expect:
        run().result == 'NOT_BUILT'
        build.naps == [10]
    }

    def 'a newer build may end this one at once'() {
        given:
        pipeline 'sleep(100)'
        build.supersededWhen = { build.naps }

        expect:
        run().result == 'NOT_BUILT'
    }

    @Unroll
    def 'an input answers #value where #what'() {
        given:
        pipeline "echo(groovy.json.JsonOutput.toJson(a: input(message: 'Go?'${arguments})))"
        build.answers << [by: 'ada', values: values]

        expect:
        run().log.last() == "{\"a\":${value}}"
        build.inputs.first().outcome == 'approved'
        build.log.contains('Approved by ada')

        where:
        what                                     | arguments                                               | values       || value
        'nothing is asked'                       | ''                                                      | [:]          || 'null'
        'one value is asked'                     | ", parameters: [string(name: 'WHY')]"                   | [WHY: 'x']   || '"x"'
        'nobody chose'                           | ", parameters: [choice(name: 'A', choices: ['b', 'c'])]" | [:]         || '"b"'
        'only the submitter is asked'            | ", submitterParameter: 'BY'"                            | [:]          || '"ada"'
        'a value and the submitter are asked'    | ", submitterParameter: 'BY', parameters: [text(name: 'WHY')]" | [WHY: 'x'] || '{"WHY":"x","BY":"ada"}'
        'a flag is asked'                        | ", parameters: [booleanParam(name: 'SURE')]"            | [SURE: true] || 'true'
    }

    def 'only submitters may answer, by name or by group, and administrators'() {
        given:
        pipeline "echo(input(message: 'Go?', submitter: 'ada, Keepers', submitterParameter: 'BY'))"
        build.groups.grace = ['keepers']
        build.answers.addAll([[by: 'eve'], [by: 'eve', aborts: true], [by: 'grace']])

        expect:
        run().log.last() == 'grace'
        build.refused*.by == ['eve', 'eve']
        build.refused.first().refusal == 'You need to be ada, Keepers to submit this.'
    }

    def 'an input with no submitter at all may be answered by anybody'() {
        given:
        pipeline "input(message: 'Go?', submitter: '')"
        build.answers << [by: 'eve']

        expect:
        run().result == 'SUCCESS'
    }

    def 'a value that a parameter cannot have is refused, and the input waits on'() {
        given:
        pipeline "input(message: 'Go?', parameters: [choice(name: 'A', choices: 'b\\nc')])"
        build.answers.addAll([[by: 'ada', values: [A: 'x']], [by: 'ada', values: [B: 'b']], [by: 'ada', values: [A: 'c']]])

        expect:
        run().inputs.first().values == [A: 'c']
        build.refused*.refusal == ['Illegal choice for parameter A: x', 'No such parameter definition: B']
    }

    def 'an input that is aborted aborts the build'() {
        given:
        pipeline "input('Go?')"
        build.answers << [by: 'ada', aborts: true]

        expect:
        run().result == 'ABORTED'
        build.log.last() == 'Rejected by ada'
        build.inputs.first().outcome == 'aborted'
    }

    @Unroll
    def 'an input that is answered after #after seconds in a timeout of 60 ends as #result'() {
        given:
        pipeline "timeout(time: 60, unit: 'SECONDS') { input('Go?') }"
        build.answers << [by: 'ada', after: after]

        expect:
        run().result == result

        where:
        after || result
        59    || 'SUCCESS'
        61    || 'ABORTED'
    }

    def 'a build may be aborted right after a step'() {
        given:
        pipeline "sleep(10); echo('on'); echo('off')"
        build.abortAt = { it == 'echo' }

        expect:
        run().log == ['on', 'Aborted by ada']
    }

    @Unroll
    def 'a build is aborted while it waits in #script'() {
        given:
        pipeline "try { ${script} } finally { node('') { sh('echo cleaned') } }"
        build.lockedElsewhere.prod = null
        build.abortWhen = { build.calls.any { it.step in ['sleep', 'input', 'lock', 'waitUntil'] } }

        expect:
        run().result == 'ABORTED'
        build.log.containsAll('Aborted by ada', 'cleaned')

        where:
        script << ['sleep(100)', "input('Go?')", "lock('prod') { }", 'waitUntil { false }',
            "parallel(a: { sleep(100) }, b: { input('Go?') })"]
    }

    @Unroll
    def 'a restart in the middle of #script changes nothing'() {
        given:
        pipeline script
        build.lockedElsewhere.prod = 50
        build.answers << [by: 'ada', after: 20]
        build.restartAfter = { it in ['sleep', 'input', 'lock'] }

        expect:
        run().result == 'SUCCESS'
        build.restarts > 0
        build.elapsed == seconds

        where:
        script                                       | seconds
        'sleep(100)'                                 | 100
        "timeout(1) { input('Go?') }"                | 20
        "lock('prod') { sleep(10) }"                 | 60
    }

    def 'waitUntil asks after longer and longer pauses'() {
        given:
        pipeline 'int n = 0; waitUntil(initialRecurrencePeriod: 10000, quiet: true) { n++; n == 4 }'

        expect:
        run().result == 'SUCCESS'
        build.elapsed == 36 // 10 + 12 + 14.4
    }

    def 'a build that waits for what nobody does is told'() {
        given:
        pipeline "input('Go?')"

        when:
        run()

        then:
        IllegalStateException told = thrown()
        told.message.contains('nothing ends, so say what happens from outside')
    }
}
