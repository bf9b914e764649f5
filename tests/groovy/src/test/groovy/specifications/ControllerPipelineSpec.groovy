package specifications

import controller.Causes
import org.codehaus.groovy.control.MultipleCompilationErrorsException
import spock.lang.Unroll

/** The controller of these tests: declarative pipelines are read as strictly, and run in the order, of a real one. */
class ControllerPipelineSpec extends Vars {
    private static final String STAGES = stages(stage('A', "echo 'x'"))

    @Unroll
    def 'no declarative pipeline: #message'() {
        when:
        pipeline text

        then:
        MultipleCompilationErrorsException refusal = thrown()
        refusal.message.contains(message)

        where:
        text                                                                 | message
        "pipeline {\n${STAGES}\n}"                                           | 'Missing required section "agent"'
        declarative('')                                                      | 'Missing required section "stages"'
        declarative(STAGES) + '\n' + declarative(STAGES)                     | 'Only one pipeline'
        declarative(STAGES + STAGES)                                         | 'Multiple occurrences of the stages section'
        declarative(STAGES + "tools {\nmaven 'x'\n}")                        | 'Invalid section of pipeline "tools"'
        declarative("${STAGES}\npost { later {\necho 'x'\n} }")              | 'Invalid post condition "later"'
        declarative("${STAGES}\npost {\n}")                                  | 'post can not be empty'
        declarative("${STAGES}\npost {\nalways {\n}\n}")                     | 'No steps specified in always'
        declarative("${STAGES}\npost {\nalways {\necho 'x'\n}\nalways {\necho 'x'\n}\n}") | 'Duplicate build condition name'
        declarative("stages {\nstage('a') { }\n}")                           | 'Expected one of "steps"'
        declarative("stages {\nstage {\nsteps {\necho 'x'\n}\n}\n}")         | 'Expected a stage name'
        declarative(stages(stage('A', 'def a = 1')))                         | 'Expected a step or a section'
        declarative(stages(stage('A', 'if (true) {\necho "x"\n}')))          | 'Expected a step or a section'
        declarative(stages(stage('A', "currentBuild.setResult('FAILURE')"))) | 'objects not allowed outside "script" blocks'
        declarative(STAGES.replace('steps', 'when { branch "x" } steps'))    | 'objects not allowed outside "script" blocks'
        declarative(STAGES.replace('steps', 'agent any; steps'))             | 'each directive on a line of its own'
        declarative(stages(stage('A', "lock(label: 'x') {\necho 'x'\n}")))   | 'Missing required parameter: "resource"'
        declarative(stages(stage('A', "timeout(time: '1') {\necho 'x'\n}"))) | 'Expecting "Integer" for parameter "time" but got "1"'
        declarative(stages(stage('A', "timeout(1, 'HOURS') {\necho 'x'\n}"))) | 'Arguments to "timeout" must be explicitly named'
        declarative(stages(stage('A', 'sh(scipt: "x")')))                    | 'Invalid parameter "scipt" of sh'
        declarative(stages(stage('A', 'sh(returnStdout: true)')))            | 'Missing required parameter: "script"'
        declarative(stages(stage('A', "timeout(1) {\nstage('B') { }\n}")))   | 'Invalid step "stage" used'
        declarative(stages(stage('A', "parallel(a: { echo 'x' })")))         | 'Invalid step "parallel" used'
        declarative("parameters {\nnumber(name: 'A')\n}\n${STAGES}")         | 'Invalid parameter type "number"'
        declarative("parameters {\nstring(kind: 'x')\n}\n${STAGES}")         | 'Invalid parameter "kind" of string'
        declarative("parameters {\nstring(description: 'x')\n}\n${STAGES}")  | 'Missing required parameter: "name"'
        declarative("options {\nlater()\n}\n${STAGES}")                      | 'Invalid option type "later"'
        declarative("options {\ntimestamps()\ntimestamps()\n}\n${STAGES}")   | 'Duplicate option name: "timestamps"'
        declarative("options {\nparameters([])\n}\n${STAGES}")               | 'Invalid option type "parameters"'
        declarative("triggers {\nhourly()\n}\n${STAGES}")                    | 'Invalid trigger type "hourly"'
        declarative("environment {\nA = env.B\n}\n${STAGES}")                | 'must either be single quoted, double quoted'
        declarative("environment {\necho 'x'\n}\n${STAGES}")                 | 'Expected name=value pairs'
        declarative("environment {\n}\n${STAGES}")                           | 'No variables specified for environment'
        declarative(STAGES).replace('agent none', "agent 'x'")               | 'Only "agent none", "agent any" or "agent {...}"'
        declarative(STAGES).replace('agent none', 'agent { docker "x" }')    | 'Invalid agent type "docker"'
        staged("when {\n}")                                                  | 'when can not be empty'
        staged("when {\nbeforeAgent true\n}")                                | 'Empty when closure'
        staged("when {\nsunny()\n}")                                         | 'Invalid when conditional "sunny"'
        staged("when {\nnot {\nbranch 'a'\nbranch 'b'\n}\n}")                | 'requires exactly 1 child'
        staged("options {\nbuildDiscarder(logRotator())\n}")                 | 'Invalid option type "buildDiscarder"'
        staged("input {\nok 'x'\n}")                                         | 'No message specified for input'
        staged("input {\nmessage 'x'\nuser 'y'\n}")                          | 'Invalid field for input "user"'
        staged("stages {\nstage('B') {\nsteps {\necho 'x'\n}\n}\n}")         | 'Only one of "matrix", "parallel", "stages", or "steps"'
        declarative(stages("stage('A') {\nagent any\nparallel {\n${stage('B', "echo 'x'")}\n}\n}")) | '"agent" is not allowed in stage "A"'
        declarative(stages("stage('A') {\nparallel {\n${stage('B', "echo 'x'")}${stage('B', "echo 'x'")}\n}\n}")) | 'Duplicate stage name: "B"'
        'def options = [:]\n' + declarative(STAGES)                          | 'a variable cannot be named options'
        'def triggers = [:]\n' + declarative(STAGES)                         | 'a variable cannot be named triggers'
        "void call(Map options) {\n${declarative(STAGES)}\n}"                | 'a parameter cannot be named options'
    }

    def 'stages run in order, and what a failure leaves out is said'() {
        given:
        pipeline declarative(stages(stage('A', "echo 'a'") + stage('B', "error 'no'") + stage('C', "echo 'c'")))

        expect:
        run().result == 'FAILURE'
        build.stages == [A: 'SUCCESS', B: 'FAILURE', C: 'SKIPPED']
        build.log == ['a', 'Stage "C" skipped due to earlier failure(s)', 'ERROR: no']
    }

    @Unroll
    def 'after #work, `post` runs #expected'() {
        given:
        pipeline declarative(stages(stage('A', work)) + post(*CONDITIONS))
        build.history << [number: 6, result: former]
        build.abortWhen = { build.naps }

        expect:
        run().log.findAll { it.startsWith('post ') }*.minus('post ') == expected
        build.result == expected.find { it.contains(' ') }.split(' ').last()

        where:
        work                                    | former    || expected
        "echo 'a'"                              | 'SUCCESS' || ['always SUCCESS', 'success SUCCESS', 'cleanup SUCCESS']
        "echo 'a'"                              | 'FAILURE' || ['always SUCCESS', 'changed SUCCESS', 'fixed SUCCESS', 'success SUCCESS', 'cleanup SUCCESS']
        "error 'no'"                            | 'SUCCESS' || ['always FAILURE', 'changed FAILURE', 'regression FAILURE', 'unsuccessful FAILURE', 'failure FAILURE', 'cleanup FAILURE']
        "unstable 'hm'"                         | 'UNSTABLE' || ['always UNSTABLE', 'unsuccessful UNSTABLE', 'unstable UNSTABLE', 'cleanup UNSTABLE']
        'sleep 10'                              | 'ABORTED' || ['always ABORTED', 'aborted ABORTED', 'unsuccessful ABORTED', 'cleanup ABORTED']
        "script {\ncurrentBuild.result = 'NOT_BUILT'\n}" | 'NOT_BUILT' || ['always NOT_BUILT', 'unsuccessful NOT_BUILT', 'notBuilt NOT_BUILT', 'cleanup NOT_BUILT']
    }

    def 'a failure in `post` neither hides the first nor keeps later conditions from running'() {
        given:
        pipeline declarative(STAGES + "post {\nalways {\nerror 'in post'\n}\nfailure {\necho 'told'\n}\n}")

        expect:
        run().result == 'FAILURE'
        build.log.containsAll('Error when executing always post condition:', 'told')
    }

    def 'the post of a stage runs before the next stage, and knows the stage\'s result'() {
        given:
        pipeline declarative(stages(
            stage('A', "echo 'a'", post('always')) +
            stage('B', "error 'no'", post('failure', 'success')) +
            stage('C', "echo 'c'", post('always'))) + post('always'))

        expect:
        run().log == ['a', 'Post stage', 'post always SUCCESS', 'Post stage', 'post failure FAILURE',
            'Stage "C" skipped due to earlier failure(s)', 'post always FAILURE', 'ERROR: no']
    }

    def 'after an abort `post` runs commands on a node'() {
        given:
        pipeline declarative(stages(stage('A', 'sleep 1000')) +
            "post {\naborted {\nscript {\nnode('') { sh('echo stopped') }\n}\n}\n}")
        build.abortWhen = { build.naps }

        expect:
        run().result == 'ABORTED'
        build.log.contains('stopped')
    }

    def 'a pipeline\'s timeout holds for its post too, which has a minute'() {
        given:
        pipeline declarative("options {\ntimeout(time: 5, unit: 'MINUTES')\n}\n" + stages(stage('A', 'sleep 1000')) +
            "post {\naborted {\nsleep 1000\n}\n}")

        expect:
        run().result == 'ABORTED'
        build.elapsed == 360
    }

    def 'without an agent a step that needs a node is told'() {
        given:
        pipeline declarative(stages(stage('A', "sh 'true'")))

        expect:
        run().result == 'FAILURE'
        build.log.last().startsWith('ERROR: Attempted to execute a step that requires a node context')
    }

    def 'agents take a node for as long as they need, and check out'() {
        given:
        pipeline declarative(stages(stage('A', "sh 'cat a'", "agent {\nlabel 'linux'\n}") + stage('B', 'sleep 10') +
            stage('C', 'fileExists "a"', "agent {\nnode {\nlabel 'big'\nretries 2\n}\n}\noptions {\nskipDefaultCheckout()\n}")))
        build.sources = temporary.newFolder('sources')
        new File(build.sources, 'a').text = 'brought'

        expect:
        run().nodes == ['linux', 'big']
        build.log.contains('brought')
        build.calls.findAll { it.step == 'checkout' }*.stages == [['A']]
        build.calls.find { it.step == 'sleep' }.node == null
    }

    def 'a pod is an agent'() {
        given:
        pipeline declarative(stages(stage('A', "sh 'true'",
            "agent {\nkubernetes {\nyaml 'containers:\\n- name: modelyard'\ndefaultContainer 'modelyard'\n}\n}")))

        expect:
        run().result == 'SUCCESS'
        build.calls.find { it.step == 'sh' }.container == 'modelyard'
    }

    @Unroll
    def 'the stage when #condition runs: #runs'() {
        given:
        pipeline staged("when {\n${condition}\n}")
        build.variables.putAll(variables)
        build.causes = [Causes.timer()]

        expect:
        run().stages == [A: runs ? 'SUCCESS' : 'SKIPPED']

        where:
        condition                                                | variables                              || runs
        "branch 'main'"                                          | [BRANCH_NAME: 'main']                  || true
        "branch 'main'"                                          | [BRANCH_NAME: 'better']                || false
        "branch 'main'"                                          | [:]                                    || false
        "branch pattern: 'release/*'"                            | [BRANCH_NAME: 'release/1']             || true
        "branch pattern: 'r.*', comparator: 'REGEXP'"            | [BRANCH_NAME: 'release/1']             || true
        'changeRequest()'                                        | [CHANGE_ID: '12']                      || true
        'changeRequest()'                                        | [BRANCH_NAME: 'main']                  || false
        "changeRequest target: 'main'"                           | [CHANGE_ID: '12', CHANGE_TARGET: 'x']  || false
        'buildingTag()'                                          | [TAG_NAME: 'v1']                       || true
        "tag 'v*'"                                               | [TAG_NAME: 'v1']                       || true
        "environment name: 'A', value: 'b'"                      | [A: 'b']                               || true
        "expression {\nenv.A == 'b'\n}"                          | [A: 'b']                               || true
        "expression {\nenv.A\n}"                                 | [:]                                    || false
        "equals expected: 7, actual: currentBuild.number"        | [:]                                    || true
        "triggeredBy 'TimerTriggerCause'"                        | [:]                                    || true
        "not {\nbranch 'main'\n}"                                | [BRANCH_NAME: 'main']                  || false
        "branch 'main'\nnot {\nchangeRequest()\n}"               | [BRANCH_NAME: 'main']                  || true
        "anyOf {\nbranch 'main'\nbuildingTag()\n}"               | [TAG_NAME: 'v1']                       || true
        "allOf {\nbranch 'main'\nbuildingTag()\n}"               | [TAG_NAME: 'v1']                       || false
    }

    @Unroll
    def 'with #before no node is taken, nobody is asked, for a stage that is not run'() {
        given:
        pipeline staged("agent any\ninput {\nmessage 'Go?'\n}\nwhen {\n${before}\nbranch 'x'\n}")
        build.answers << [by: 'ada']

        expect:
        run().nodes.size() == nodes
        build.inputs.size() == inputs
        build.stages == [A: 'SKIPPED']

        where:
        before             || nodes | inputs
        ''                 || 1     | 1
        'beforeAgent true' || 0     | 1
        'beforeInput true' || 0     | 0
    }

    def 'variables may use those before them, and hide those around'() {
        given:
        pipeline declarative('environment {\nA = "one"\nB = "${A} two"\nS = credentials("token")\nK = credentials("key")\n}\n' +
            stages(stage('X', 'sh \'echo "$A/$B/$S/$K_USR/$K"\'', "agent any\nenvironment {\nA = 'other'\n}")))
        build.credentials.putAll([token: [secret: 's3cret'], key: [username: 'ada', password: 'pw']])

        expect:
        run().log.contains('other/one two/****/ada/****')
    }

    def 'stages within a stage, side by side and one after the other'() {
        given:
        pipeline declarative(stages("""
            stage('All') {
                parallel {
                    ${stage('A', "sleep 10\necho 'a'")}
                    stage('Row') {
                        stages {
                            ${stage('B', "echo 'b'")}
                            ${stage('C', "echo 'c'")}
                        }
                    }
                }
                ${post('always')}
            }
        """))

        expect:
        run().log == ['b', 'c', 'a', 'Post stage', 'post always SUCCESS']
        build.stages.keySet() == ['All', 'A', 'Row', 'B', 'C'] as Set
    }

    def 'parallel stages end each other where that is wanted'() {
        given:
        pipeline declarative("options {\nparallelsAlwaysFailFast()\n}\n" + stages(
            "stage('All') {\nparallel {\n${stage('A', "error 'no'")}\n${stage('B', 'sleep 1000')}\n}\n}"))

        expect:
        run().result == 'FAILURE'
        build.elapsed == 0
        build.stages == [All: 'FAILURE', A: 'FAILURE', B: 'ABORTED']
    }

    def 'a stage may ask first, and knows the answers'() {
        given:
        pipeline staged('input {\nmessage "Go?"\nok "Yes"\nsubmitter "ada"\nsubmitterParameter "BY"\n' +
            'parameters {\nstring(name: "WHY", defaultValue: "because")\n}\n}').replace("echo 'x'", 'echo "${env.BY} ${env.WHY}"')
        build.answers.addAll([[by: 'eve'], [by: 'ada']])

        expect:
        run().log.last() == 'ada because'
        build.inputs.first().ok == 'Yes'
        build.refused*.by == ['eve']
    }

    def 'options, parameters and triggers are those of the job'() {
        given:
        pipeline declarative('''
            options {
                buildDiscarder(logRotator(numToKeepStr: '20', artifactNumToKeepStr: '5'))
                disableConcurrentBuilds(abortPrevious: true)
                disableResume()
                durabilityHint('PERFORMANCE_OPTIMIZED')
                retry(2)
                skipDefaultCheckout()
                timeout(time: 2, unit: 'HOURS')
                timestamps()
            }
            parameters {
                choice(name: 'ENVIRONMENT', choices: ['qa', 'prod'], description: 'Where to.')
                string(name: 'REASON', defaultValue: '', trim: true)
                booleanParam(name: 'DRY', defaultValue: false)
            }
            triggers {
                cron('H 4 * * *')
                parameterizedCron('H 5 * * 1 % REASON=drift')
            }
        ''' + stages(stage('A', 'script {\necho "${params.ENVIRONMENT} ${params.DRY instanceof Boolean}"\nerror("no")\n}')))
        build.parameters.REASON = ' why '

        expect:
        run().log.count('qa true') == 2
        build.parameters.REASON == 'why'
        build.jobProperties.keySet().containsAll('buildDiscarder', 'disableConcurrentBuilds', 'disableResume', 'durabilityHint')
        build.triggers*.symbol == ['cron', 'parameterizedCron']
        build.declared*.name == ['ENVIRONMENT', 'REASON', 'DRY']
    }

    def 'a restart after every single step changes nothing'() {
        given:
        pipeline declarative('environment {\nA = "one"\n}\n' + stages(stage('X', 'sleep 10', "when {\nexpression {\ntrue\n}\n}") +
            stage('Y', "sh 'echo \$A'", 'agent any')) + post('always', 'success'))
        build.restartAfter = { true }

        expect:
        run().log.containsAll('one', 'post always SUCCESS', 'post success SUCCESS')
        build.result == 'SUCCESS'
    }

    private static final List<String> CONDITIONS = ['cleanup', 'always', 'success', 'failure', 'unstable', 'aborted', 'changed',
        'fixed', 'regression', 'unsuccessful', 'notBuilt']

    private static String post(String... conditions) {
        "post {\n${conditions.collect { "${it} {\necho \"post ${it} \${currentBuild.currentResult}\"\n}" }.join('\n')}\n}\n"
    }

    private static String stage(String name, String step, String more = '') {
        "stage('${name}') {\n${more}\nsteps {\n${step}\n}\n}\n"
    }

    private static String stages(String stages) {
        "stages {\n${stages}\n}\n"
    }

    private static String staged(String more) {
        declarative(stages(stage('A', "echo 'x'", more)))
    }

    private static String declarative(String sections) {
        "pipeline {\nagent none\n${sections}\n}"
    }
}
