package specifications

import spock.lang.Unroll

/** mlPromote and mlApprove: a release goes further, or an environment back, when the right person says so. */
class PromoteSpec extends Vars {
    private static final Map REVIEW = [release: 'f00d', environment_name: 'prod', action: 'promote', title: 'Promote f00d?',
        lines: ['auc  0.97 -> 0.98', 'image unchanged'], needs_approval: true, approvers: ['ada', 'grace'],
        expires_minutes: 60, digest: 'd1']

    def setup() {
        choices = [releases: [[value: 'f00d', label: 'f00d main: better'], [value: 'beef', label: 'beef main: first']],
            environments: ['qa', 'prod'], strategies: ['configured', 'canary'],
            rollback: [dev: [], qa: ['beef'], prod: []]]
        outcomes.review = [[result: REVIEW]]
        outcomes.approve = [[result: [by: 'ada', reason: 'sale', at: 'now', expires: 'later']]]
        outcomes.promote = [[result: [release: 'f00d']]]
        groups = [group([['promote'], ['check_endpoint']], environment: 'prod', lock: 'modelyard tumour prod')]
        pipeline 'mlPromote()'
        build.parameters.putAll([RELEASE: 'f00d main: better', ENVIRONMENT: 'prod', REASON: 'sale'])
        build.answers << [by: 'ada', values: [APPROVAL: 'looks good']]
    }


    def 'a release is reviewed, approved, deployed and checked'() {
        expect:
        run().result == 'SUCCESS'
        requests('review').first().inputs ==
            [action: 'promote', release: 'f00d', environment_name: 'prod', strategy: 'configured']
        build.log.containsAll(['auc  0.97 -> 0.98', 'image unchanged'])
        requests('approve').first().inputs ==
            [release: 'f00d', environment_name: 'prod', by: 'ada', reason: 'looks good', review: 'd1']
        requests('promote').first().inputs == [release: 'f00d', environment_name: 'prod', strategy: 'configured']
        requests('check_endpoint').first().results.promote == [release: 'f00d']
        build.locks*.resource == ['modelyard tumour prod']
        requests('publish').last().subMap(['kind', 'result']) == [kind: 'promotion', result: 'SUCCESS']
        requests('publish').last().outcomes*.stage == ['review', 'approve', 'promote', 'check_endpoint']
    }

    def 'the question names who may answer, and no node is held meanwhile'() {
        when:
        run()

        then:
        build.calls.find { it.step == 'input' }.node == null
        with(build.inputs.first()) {
            message == 'Promote f00d?\nhttp://ci/job/models/7/artifact/report/index.html'
            submitter == 'ada,grace'
        }
    }

    def 'who is asked sees the evidence before'() {
        given:
        build.answers.clear()

        when:
        run()

        then:
        with(requests('publish').first()) {
            kind == 'review'
            outcomes*.stage == ['review']
        }
        build.calls.findIndexOf { it.step == 'archiveArtifacts' } < build.calls.findIndexOf { it.step == 'input' }
        build.artifacts['report/index.html'] == '<p>report</p>'
    }

    def 'each build offers what there is to choose from'() {
        when:
        run()

        then:
        build.declared.find { it.name == 'RELEASE' }.choices == ['', 'f00d main: better', 'beef main: first']
        build.declared.find { it.name == 'ENVIRONMENT' }.choices == ['qa', 'prod', 'dev']
        build.declared.find { it.name == 'STRATEGY' }.choices == ['configured', 'canary']
    }

    def 'without a reason it only looks up what there is'() {
        given:
        build.parameters.REASON = ''

        expect:
        run().result == 'SUCCESS'
        requests('review').empty && requests('promote').empty
        build.description == 'nothing was asked for; the choices are up to date'
        build.stages.keySet().intersect(['Promote', 'Check endpoint'] as Set).empty
    }

    def 'a release may be named that is not in the list'() {
        given:
        build.parameters.OTHER_RELEASE = 'v1.2'

        when:
        run()

        then:
        requests('review').first().inputs.release == 'v1.2'
    }

    def 'a bad release ends it before anybody is asked'() {
        given:
        outcomes.review = [[status: 'failed', exit_code: 5, error: 'there is no release 0bad']]

        expect:
        run().result == 'FAILURE'
        build.log.contains('ERROR: review failed (exit code 5): there is no release 0bad')
        build.inputs.empty
        requests('promote').empty
        requests('publish').last().result == 'FAILURE'
    }

    def 'who may not approve is not heard'() {
        given:
        build.answers.clear()
        build.answers << [by: 'mallory', values: [APPROVAL: 'trust me']] << [by: 'grace', values: [APPROVAL: 'fine']]

        when:
        run()

        then:
        requests('approve').first().inputs.by == 'grace'
    }

    def 'modelyard has the last word on an approval'() {
        given:
        outcomes.approve = [[status: 'failed', exit_code: 4, error: 'ada made this release']]

        expect:
        run().result == 'FAILURE'
        build.log.contains('ERROR: approve failed (exit code 4): ada made this release')
        requests('promote').empty
    }

    def 'who goes past the form has approved nothing'() {
        given:
        build.answers.clear()
        build.answers << [by: 'ada', empty: true]

        expect:
        run().result == 'FAILURE'
        build.log.contains('ERROR: Promote f00d? was answered without the form; start again, and say why it may go ahead')
        requests('approve').empty
    }

    @Unroll
    def 'nothing is deployed when #what'() {
        given:
        build.answers.clear()
        build.answers.addAll(answers)

        expect:
        run().result == 'ABORTED'
        requests('approve').empty && requests('promote').empty
        requests('publish').last().result == 'ABORTED'

        where:
        what                     | answers
        'somebody declines'      | [[by: 'ada', aborts: true]]
        'nobody answers in time' | []
    }

    def 'what needs no approval is not asked for'() {
        given:
        outcomes.review = [[result: REVIEW + [needs_approval: false]]]

        expect:
        run().result == 'SUCCESS'
        build.inputs.empty
        requests('promote').size() == 1
    }

    def 'an environment goes back the same way'() {
        given:
        build.parameters.putAll([ACTION: 'rollback', RELEASE: ''])
        outcomes.review = [[result: REVIEW + [release: 'beef', action: 'rollback']]]
        groups = [group([['rollback'], ['check_endpoint']], environment: 'prod', lock: 'modelyard tumour prod')]

        expect:
        run().result == 'SUCCESS'
        requests('review').first().inputs.subMap(['action', 'release']) == [action: 'rollback', release: '']
        requests('stages').first().subMap(['action', 'to']) == [action: 'rollback', to: 'prod']
        requests('rollback').first().inputs.release == 'beef'
    }

    def 'a restart of the controller after every step changes nothing'() {
        given:
        build.restartAfter = { true }

        expect:
        run().result == 'SUCCESS'
        requests('approve').size() == 1 && requests('promote').size() == 1
    }
}
