package specifications

import controller.Causes
import spock.lang.Unroll

/** mlOverride: whoever starts the build lets a model pass, and nobody else can. */
class OverrideSpec extends Vars {
    private static final Map KEPT = [gate: 'accurate', model: 'm1', commit: 'c0ffee', release: '', verdict: '0.96 is below 0.97',
        override: [by: 'ada', reason: 'the clinic waits', at: '2026-12-01T10:00:00Z', until: '2027-01-31T23:59:59Z']]

    def setup() {
        outcomes.override = [[result: KEPT]]
        pipeline 'mlOverride()'
        build.causes = [Causes.user('ada')]
        build.parameters.putAll([GATE: 'accurate', COMMIT: 'c0ffee', REASON: 'the clinic waits', UNTIL: '2027-01-31'])
    }

    def 'who started the build gives the word'() {
        expect:
        run().result == 'SUCCESS'
        requests('override').size() == 1
        with(requests('override').first()) {
            inputs == [gate: 'accurate', commit: 'c0ffee', release: '', by: 'ada', reason: 'the clinic waits',
                until: '2027-01-31']
            run.subMap(['who', 'reason']) == [who: 'ada', reason: 'the clinic waits']
        }
        build.description == 'gate accurate overridden by ada until 2027-01-31T23:59:59Z'
    }

    def 'a gate that guards an environment is overridden for a release'() {
        given:
        build.parameters.putAll([COMMIT: '', RELEASE: 'v1.2'])

        expect:
        run().result == 'SUCCESS'
        requests('override').first().inputs.subMap(['commit', 'release']) == [commit: '', release: 'v1.2']
    }

    @Unroll
    def 'a build that was started by #whom overrides nothing'() {
        given:
        build.causes = causes

        expect:
        run().result == 'FAILURE'
        build.log.contains("ERROR: an override is the word of one person, and this build was started ${told}; " +
            'start it yourself' as String)
        requests('override').empty
        build.nodes.empty

        where:
        whom                      | causes                                     | told
        'a timer'                 | [Causes.timer()]                           | 'by no person that Jenkins knows'
        'a commit'                | [Causes.branch()]                          | 'by no person that Jenkins knows'
        'another job'             | [Causes.upstream('models/nightly', 3)]     | 'by no person that Jenkins knows'
        'somebody not logged in'  | [Causes.user('ada') + [userId: null]]      | 'by no person that Jenkins knows'
        'two people at once'      | [Causes.user('ada'), Causes.user('grace')] | 'by ada and grace'
    }

    def 'who started it twice is still one person'() {
        given:
        build.causes = [Causes.user('ada'), Causes.user('ada')]

        expect:
        run().result == 'SUCCESS'
    }

    def 'modelyard has the last word'() {
        given:
        outcomes.override = [[status: 'failed', exit_code: 4, error: 'ada is an author of the model']]

        expect:
        run().result == 'FAILURE'
        build.log.contains('ERROR: override failed (exit code 4): ada is an author of the model')
    }

    def 'without a gate it does nothing, so that its parameters are known'() {
        given:
        build.parameters.clear()

        expect:
        run().result == 'SUCCESS'
        build.description == 'nothing was asked for'
        build.declared*.name == ['GATE', 'COMMIT', 'RELEASE', 'REASON', 'UNTIL']
        requests('override').empty
    }

    def 'a restart of the controller after every step changes nothing'() {
        given:
        build.restartAfter = { true }

        expect:
        run().result == 'SUCCESS'
        requests('override').size() == 1
    }
}
