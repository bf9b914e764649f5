package specifications

import controller.Causes
import spock.lang.Unroll

/** The controller of these tests: what builds show, other builds, and what a pipeline makes of its job. */
class ControllerShowsSpec extends Vars {
    private static final String JUNIT = '''
        <testsuites><testsuite name="gate">
          <testcase classname="gate" name="auc"/>
          <testcase classname="gate" name="size"><failure message="too big">12 MB</failure></testcase>
          <testcase classname="gate" name="skew"><skipped/></testcase>
        </testsuite></testsuites>
    '''.trim()

    def 'tests that failed make stage and build unstable, and are counted'() {
        given:
        pipeline '''
            node('') { stage('Report') {
                writeFile(file: 'out/junit.xml', text: env.XML)
                def summary = junit(testResults: 'out/*.xml', allowEmptyResults: true, skipPublishingChecks: true)
                echo("${summary.totalCount} ${summary.passCount} ${summary.failCount} ${summary.skipCount}")
            } }
        '''
        build.variables.XML = JUNIT

        expect:
        run().result == 'UNSTABLE'
        build.stages == [Report: 'UNSTABLE']
        build.log.last() == '3 1 1 1'
        build.tests*.outcome == ['passed', 'failure', 'skipped']
        build.tests[1].text == 'too big'
    }

    def 'tests need not mark the build'() {
        given:
        pipeline "node('') { writeFile(file: 'a.xml', text: env.XML); junit(testResults: '*.xml', skipMarkingBuildUnstable: true) }"
        build.variables.XML = JUNIT

        expect:
        run().result == 'SUCCESS'
    }

    def 'a report is published as it is'() {
        given:
        pipeline '''
            node('') {
                writeFile(file: 'out/report/index.html', text: '<p>')
                publishHTML(target: [reportName: 'Model', reportDir: 'out/report', reportFiles: 'index.html', keepAll: true,
                    alwaysLinkToLastBuild: true, allowMissing: false])
            }
        '''

        expect:
        run().result == 'SUCCESS'
        new String(build.reports.Model.files['index.html']) == '<p>'
        build.reports.Model.keepAll
    }

    def 'a report that is not there fails the build, which goes on'() {
        given:
        pipeline '''
            node('') { publishHTML([reportName: 'a', reportDir: 'b', reportFiles: 'c', keepAll: true, alwaysLinkToLastBuild: true,
                allowMissing: false]) }
            echo('on')
        '''

        expect:
        run().result == 'FAILURE'
        build.log.last() == 'on'
    }

    def 'badges and checks need no node'() {
        given:
        pipeline '''
            addBadge(text: 'auc 0.93', style: 'color: green', link: 'artifact/report')
            addInfoBadge(text: 'older')
            publishChecks(name: 'modelyard', title: 'better', summary: 'auc', conclusion: 'NEUTRAL', detailsURL: 'http://ci/')
            publishChecks(name: 'modelyard', status: 'IN_PROGRESS')
        '''

        expect:
        run().result == 'SUCCESS'
        build.badges*.text == ['auc 0.93', 'older']
        build.checks == [[name: 'modelyard', title: 'better', summary: 'auc', conclusion: 'NEUTRAL', detailsURL: 'http://ci/'],
            [name: 'modelyard', status: 'IN_PROGRESS']]
    }

    @Unroll
    def 'a build fails with #message'() {
        given:
        pipeline script
        build.jobs.other = [result: 'FAILURE', number: 3]

        expect:
        run().result == 'FAILURE'
        build.console.contains(message)

        where:
        script                                            | message
        "junit('*.xml')"                                  | 'junit needs a node'
        "node('') { junit('*.xml') }"                     | 'No test report files were found. Configuration error?'
        "addBadge(text: 'a', color: 'green')"             | 'addBadge: unknown parameter(s) [color]'
        "publishChecks(conclusion: 'FAILED')"             | 'no enum constant FAILED'
        "node('') { publishHTML(target: [dir: 'a']) }"    | 'publishHTML.target: unknown parameter(s) [dir]'
        "build('missing')"                                | 'No item named missing found'
        "build(job: 'other', parameters: [string(name: 'A')])" | 'missing required parameter(s) [value]'
        "build(job: 'other')"                             | 'other #3 completed with status FAILURE (propagate: false to ignore)'
        "properties([timeout(1)])"                        | 'timeout step must be called with a body'
        "catchError(buildResult: 'BAD') { }"              | 'no enum constant BAD'
        'currentBuild.rawBuild'                           | 'not permitted to use method RunWrapper getRawBuild'
        'env.getEnvironment()'                            | 'not permitted to use method'
        "groovy.json.JsonOutput.toJson(['a'])"            | 'JsonOutput toJson java.lang.Object'
        "try { error('a') } catch (e) { e.stackTrace }"   | 'not permitted to use property'
        "params.put('A', 'b')"                            | 'UnsupportedOperationException'
    }

    def 'the causes of an interruption cannot be read'() {
        given:
        pipeline "try { sleep(10) } catch (e) { echo(e.message); e.causes }"
        build.abortWhen = { build.naps }

        expect:
        run().result == 'FAILURE'
        build.log.contains('Aborted by ada')
        build.console.contains('not permitted to use property org.jenkinsci.plugins.workflow.steps.FlowInterruptedException causes')
    }

    @Unroll
    def 'catchError makes build #result and stage #stage of #failure'() {
        given:
        pipeline "stage('A') { catchError(${given}) { ${failure} } }; echo('on')"

        expect:
        run().result == result
        build.stages == [A: stage]
        build.log.last() == 'on'

        where:
        given                                             | failure            || result     | stage
        ''                                                | "error('no')"      || 'FAILURE'  | 'SUCCESS'
        "buildResult: 'SUCCESS', stageResult: 'FAILURE'"  | "error('no')"      || 'SUCCESS'  | 'FAILURE'
        "buildResult: 'UNSTABLE', message: 'hm'"          | "error('no')"      || 'UNSTABLE' | 'SUCCESS'
        "buildResult: 'UNSTABLE'"                         | 'timeout(1) { sleep(100) }' || 'ABORTED' | 'ABORTED'
    }

    def 'warnError marks build and stage as unstable'() {
        given:
        pipeline "stage('A') { warnError('hm') { error('no') } }"

        expect:
        run().result == 'UNSTABLE'
        build.stages == [A: 'UNSTABLE']
        build.log == ['ERROR: hm', 'ERROR: no']
    }

    def 'another build is waited for, and answered'() {
        given:
        pipeline '''
            def other = build(job: 'other', parameters: [string(name: 'A', value: 'b'), booleanParam(name: 'C', value: true)],
                propagate: false)
            echo("${other.number} ${other.result} ${other.buildVariables.R}")
            build(job: 'other', wait: false, quietPeriod: 5)
        '''
        build.jobs.other = [number: 12, result: 'UNSTABLE', after: 60, variables: [R: 'x']]

        expect:
        run().log.contains('12 UNSTABLE x')
        build.elapsed == 60
        build.started*.parameters == [[A: 'b', C: true], [:]]
        build.started.last() == [job: 'other', parameters: [:], wait: false, quietPeriod: 5]
    }

    def 'what a build is and was'() {
        given:
        pipeline '''
            currentBuild.displayName = "#${currentBuild.number} tumour"
            currentBuild.description = 'better'
            env.KEPT = 'a'
            echo("${currentBuild.displayName} ${env.BUILD_NUMBER} ${currentBuild.currentResult} ${currentBuild.result}")
            echo("${currentBuild.previousBuild.result} ${currentBuild.previousSuccessfulBuild.number}")
            echo("${currentBuild.getBuildCauses().size()} ${currentBuild.getBuildCauses('hudson.model.Cause$UserIdCause')[0].userId}")
            echo("${currentBuild.buildVariables} ${currentBuild.startTimeInMillis > 0} ${KEPT}")
        '''
        build.causes = [Causes.user('ada'), Causes.timer()]
        build.history.addAll([[number: 6, result: 'FAILURE'], [number: 5, result: 'SUCCESS']])

        expect:
        run().log == ['#7 tumour 7 SUCCESS null', 'FAILURE 5', '2 ada', '[KEPT:a] true a']
        build.displayName == '#7 tumour'
        build.description == 'better'
    }

    def 'a script can declare what its job is'() {
        given:
        pipeline '''
            properties([
                buildDiscarder(logRotator(numToKeepStr: '20')),
                disableConcurrentBuilds(abortPrevious: true),
                parameters([choice(name: 'A', choices: ['x', 'y'], description: ''), booleanParam(name: 'B', defaultValue: true)]),
                pipelineTriggers([cron('H 4 * * *')]),
            ])
            echo("${params.A} ${params.B.class.simpleName} ${env.B}")
        '''

        expect:
        run().log == ['x Boolean true']
        build.jobProperties.disableConcurrentBuilds == [abortPrevious: true]
        build.triggers == [[symbol: 'cron', spec: 'H 4 * * *']]
        build.declared*.name == ['A', 'B']
    }

    @Unroll
    def 'a build is not started with #parameters'() {
        given:
        pipeline "properties([parameters([choice(name: 'A', choices: ['x', 'y'])])])"
        build.parameters.putAll(parameters)

        expect:
        run().result == 'FAILURE'
        build.console.contains(message)

        where:
        parameters | message
        [A: 'z']   | 'Illegal choice for parameter A: z'
        [B: 'x']   | 'the pipeline declares no parameter B'
    }
}
