package specifications

import spock.lang.Unroll

/** mlPublish: what a build came to is seen where people look, and nothing about that can break the build. */
class PublishSpec extends Vars {
    private static final String PUBLISH = "mlPublish([prCredentials: 'github'], [[stage: 'train', status: 'done']])"
    private static final Map PULL_REQUEST = [BRANCH_NAME: 'PR-12', CHANGE_ID: '12', CHANGE_BRANCH: 'better']

    def 'the request tells the build and what its stages came to'() {
        given:
        pipeline PUBLISH
        build.credentials.github = [secret: 't0ken']
        build.variables.putAll(PULL_REQUEST)

        when:
        run()

        then:
        with(requests('publish').first()) {
            contract == 1
            kind == 'run'
            result == 'SUCCESS'
            started ==~ /\d{13}/
            report_url == 'http://ci/job/models/7/artifact/report/index.html'
            outcomes == [[stage: 'train', status: 'done']]
            run.pull_request == 12
        }
    }

    def 'report, results, description, badge and check are there'() {
        given:
        published = [description: 'auc 0.98 (+0.01)', badges: [[text: 'refused', color: 'orange']]]
        pipeline PUBLISH

        expect:
        run().result == 'SUCCESS'
        build.artifacts['report/index.html'] == '<p>report</p>'
        build.tests*.name == ['train']
        build.description == 'auc 0.98 (+0.01)'
        String report = 'http://ci/job/models/7/artifact/report/index.html'
        build.badges*.subMap(['text', 'link']) == [[text: 'refused', link: report]]
        build.checks*.subMap(['name', 'title', 'summary', 'conclusion', 'detailsURL']) ==
            [[name: 'modelyard', title: 'done', summary: 'all', conclusion: 'SUCCESS', detailsURL: report]]
    }

    @Unroll
    def 'the token for comments is there for #variables: #known'() {
        given:
        pipeline PUBLISH
        build.credentials.github = [secret: 't0ken']
        build.variables.putAll(variables)

        expect:
        run().result == 'SUCCESS'
        new File(scripted, 'token').exists() == known

        where:
        variables             | known
        PULL_REQUEST          | true
        [BRANCH_NAME: 'main'] | false
    }

    def 'a comment that could not be made is said'() {
        given:
        published = [comment: [state: 'failed', reason: 'GitHub answered 502']]
        pipeline PUBLISH

        expect:
        run().result == 'SUCCESS'
        build.log.contains('WARNING: the pull request has no comment: GitHub answered 502')
    }

    def 'a publication that fails does not change the result'() {
        given:
        published = [contract: 0, ends_with: 70]
        pipeline PUBLISH

        expect:
        run().result == 'SUCCESS'
        build.log.contains('WARNING: nothing is published: modelyard publish ended with exit code 70')
    }

    def 'what interrupts a build once more while it publishes only makes it begin anew'() {
        given:
        published = [waits_for: 'nothing']
        pipeline "try { error('superseded') } finally { ${PUBLISH} }"
        build.abortWhen = { new File(scripted, 'publish.running').exists() }

        expect:
        run()
        requests('publish').size() == 2
        build.tests*.name == ['train']
        build.artifacts['report/index.html'] == '<p>report</p>'
        build.description == 'published'
    }

    def 'plugins that are not there are said'() {
        given:
        pipeline PUBLISH
        build.absentSteps << 'addBadge'

        expect:
        run().result == 'SUCCESS'
        build.log.contains('Badge or check are not shown: the controller has no plugin badge, or no checks-api')
    }
}
