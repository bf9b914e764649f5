package specifications

/** mlRetrain: a schedule, an alarm or a person has the main branch built anew. */
class RetrainSpec extends Vars {
    def 'the build is started with the reason and the release it is about, and its end is this one\'s'() {
        given:
        pipeline "mlRetrain([settings: ['a=1', 'b=2']])"
        build.parameters.putAll([RELEASE: 'f00d', REASON: 'drift of age'])
        build.jobs['build/main'] = [result: 'UNSTABLE']

        expect:
        run().result == 'UNSTABLE'
        build.started*.job == ['build/main']
        build.started.first().parameters == [ORIGIN: 'f00d', REASON: 'drift of age', SETTINGS: 'a=1\nb=2']
        build.description == 'drift of age f00d'
    }

    def 'no executor is held meanwhile'() {
        given:
        pipeline 'mlRetrain()'
        build.jobs['build/main'] = [result: 'SUCCESS']

        expect:
        run().result == 'SUCCESS'
        build.nodes == []
    }

    def 'it starts by itself when that is wanted'() {
        given:
        pipeline "mlRetrain([schedule: 'H 3 * * 1'])"
        build.jobs['build/main'] = [result: 'SUCCESS']

        expect:
        run().triggers == [[symbol: 'cron', spec: 'H 3 * * 1']]
    }
}
