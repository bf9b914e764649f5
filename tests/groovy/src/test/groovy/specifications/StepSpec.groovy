package specifications

import spock.lang.Unroll

/** mlStep: a request goes to Python, and what comes back becomes Jenkins's own. */
class StepSpec extends Vars {
    private static final String TRAIN = "node('') { mlStep('train', [pause: 10]) }"

    def 'the outcome of the step is answered'() {
        given:
        outcomes.train = [[recalled: true, key: 'abc', result: [job: 'demo-train-1']]]
        pipeline '''
            node('') {
                Map outcome = mlStep('train')
                echo "${outcome.status} ${outcome.recalled} ${outcome.key} ${outcome.result.job}"
            }
        '''

        expect:
        run().result == 'SUCCESS'
        build.log.contains('done true abc demo-train-1')
    }

    @Unroll
    def 'called as #call'() {
        given:
        pipeline "node('') { ${call} }"

        when:
        run()

        then:
        requests('train')*.settings == [['a.b=1']]

        where:
        call << [
            "mlStep('train', [settings: ['a.b=1']])",
            "mlStep('train', settings: ['a.b=1'])",
            "mlStep(step: 'train', settings: ['a.b=1'])",
        ]
    }

    def 'the request tells the step, its settings, earlier results, and whose run it is'() {
        given:
        pipeline '''
            node('') {
                mlStep('train', [results: [snapshot_data: [files: 3]], inputs: [attempt: 2], configuration: 'my.yaml',
                    reason: 'data drift', origin: 'f00d'])
            }
        '''
        build.variables.CHANGE_ID = '12'
        build.variables.CHANGE_BRANCH = 'better'
        build.variables.BRANCH_NAME = 'PR-12'
        build.causes = [[_class: 'hudson.model.Cause$UserIdCause', userId: 'ada']]

        when:
        run()

        then:
        requests('train') == [[
            contract: 1,
            step: 'train',
            stage: '',
            configuration: 'my.yaml',
            settings: [],
            run: [
                id: 'jenkins-models-main-7',
                who: 'ada',
                build_url: 'http://ci/job/models/7/',
                branch: 'better',
                tag: '',
                pull_request: 12,
                reason: 'data drift',
                origin: 'f00d',
            ],
            results: [snapshot_data: [files: 3]],
            inputs: [attempt: 2],
        ]]
    }

    def 'a build that no person started is its job\'s'() {
        given:
        pipeline TRAIN
        build.variables.BRANCH_NAME = 'main'

        when:
        run()

        then:
        with(requests('train').first().run) {
            who == 'models/main'
            branch == 'main'
            pull_request == null
        }
    }

    @Unroll
    def 'the value #value arrives as it is'() {
        given:
        pipeline "node('') { mlStep('train', [settings: ['a=' + env.VALUE], inputs: [text: env.VALUE]]) }"
        build.variables.VALUE = value

        when:
        run()

        then:
        with(requests('train').first()) {
            settings == ["a=${value}"]
            inputs == [text: value]
        }

        where:
        value << ['two words', '"quoted" \'twice\'', '$HOME ${PATH} $(id) `id`', 'line\nline', '東京 → Zürich', '\\n \\']
    }

    def 'a refused model makes the build unstable, with the reason, and is answered'() {
        given:
        outcomes.gate = [[status: 'refused', error: 'auc 0.91 is below 0.95', result: [verdicts: []]]]
        pipeline '''
            node('') {
                stage('Gate') {
                    echo "gate: ${mlStep('gate').status}"
                }
            }
        '''

        expect:
        run().result == 'UNSTABLE'
        build.description == 'refused: auc 0.91 is below 0.95'
        build.stages == [Gate: 'UNSTABLE']
        build.log.contains('gate: refused')
    }

    def 'a failure is an error that names step, exit code and cause'() {
        given:
        outcomes.train = [[status: 'failed', exit_code: 7, error: 'ValueError: no column "label"']]
        pipeline TRAIN

        expect:
        run().result == 'FAILURE'
        build.log.contains('ERROR: train failed (exit code 7): ValueError: no column "label"')
        requests('train').size() == 1
    }

    def 'a temporary failure is tried again, after twice as long each time'() {
        given:
        outcomes.train = [[status: 'failed', exit_code: 75, error: 'throttled']] * 2 + [[status: 'done']]
        pipeline TRAIN

        expect:
        run().result == 'SUCCESS'
        requests('train').size() == 3
        build.naps == [10, 20]
    }

    def 'temporary failures are tried as often as allowed and no more'() {
        given:
        outcomes.train = [[status: 'failed', exit_code: 75, error: 'throttled']]
        pipeline "node('') { mlStep('train', [attempts: 3]) }"

        expect:
        run().result == 'FAILURE'
        requests('train').size() == 3
        build.naps == [30, 60]
        build.log.contains('ERROR: train failed (exit code 75): throttled')
    }

    def 'a process that dies without a result is a failure'() {
        given:
        outcomes.train = [[exit_code: 137, dies: true]]
        pipeline TRAIN

        expect:
        run().result == 'FAILURE'
        build.log.contains('ERROR: train failed (exit code 137): it ended without a result')
    }

    def 'a process that dies is not taken for the one before it'() {
        given:
        outcomes.train = [[status: 'failed', exit_code: 75, error: 'throttled'], [exit_code: 137, dies: true]]
        pipeline TRAIN

        expect:
        run().result == 'FAILURE'
        build.log.contains('ERROR: train failed (exit code 137): it ended without a result')
    }

    def 'a process that fails after writing its result has not done its step'() {
        given:
        outcomes.train = [[exit_code: 0, ends_with: 139]]
        pipeline TRAIN

        expect:
        run().result == 'FAILURE'
        build.log.contains('ERROR: train failed (exit code 139): its result says 0')
    }

    def 'a step that was told to end aborts the build'() {
        given:
        outcomes.train = [[status: 'interrupted', exit_code: 130, error: 'SIGTERM']]
        pipeline TRAIN

        expect:
        run().result == 'ABORTED'
        build.log.contains('ERROR: train interrupted (exit code 130): SIGTERM')
        requests('train').size() == 1
    }

    def 'aborting the build ends the process, which may write its result'() {
        given:
        outcomes.train = [[waits_for: 'nothing']]
        pipeline TRAIN
        build.abortWhen = { new File(scripted, 'train.running').exists() }

        expect:
        run().result == 'ABORTED'
        new File(build.workspace, '.modelyard/jenkins-models-main-7/train.result.json').text.contains('interrupted')
    }

    @Unroll
    def 'wrong options fail before any work: #options'() {
        given:
        pipeline "node('') { mlStep(${options}) }"

        expect:
        run().result == 'FAILURE'
        build.log.contains("ERROR: mlStep: ${message}".toString())
        requests('train').empty

        where:
        options                         | message
        "'train', [retries: 3]"         | 'unknown option retries; the options are: step, stage, configuration, ' +
            'settings, results, inputs, reason, origin, attempts, pause, mode, image, network, environment, credentials, role'
        "'train', [settings: 'a=1']"    | 'option settings must be a list, not a=1'
        "'train', [attempts: '3']"      | 'option attempts must be a number, not 3'
        "'train', [results: null]"      | 'option results must be a map, not null'
        "'train', [mode: 'cloud']"      | 'option mode must be one of: host, docker, kubernetes; not cloud'
        '[settings: []]'                | 'option step (text) is missing: Name of the step, such as train; ' +
            '`modelyard step --help` lists them.'
    }

    @Unroll
    def 'an answer that does not fit these vars is an error: #answer'() {
        given:
        outcomes.train = [answer]
        pipeline TRAIN

        expect:
        run().result == 'FAILURE'
        build.log.contains("ERROR: ${message}".toString())

        where:
        answer             | message
        [contract: 2]      | 'train: modelyard speaks contract 2, these vars 1: use both of one release'
        [status: 'maybe']  | 'train maybe (exit code 0): '
    }

    def 'in the mode docker the step is put into the image, which gets names of variables and no values'() {
        given: 'an engine that writes down its words'
        pipeline '''
            node('') {
                mlStep('train', [mode: 'docker', image: 'agents/x@sha256:1', network: 'builds', environment: ['TOKEN', 'B']])
            }
        '''
        putEngine('printf "%s\\n" "$@" >"$SCRIPTED/words"; exit 125')
        build.variables.TOKEN = 'secret'

        when:
        run()
        List<String> words = new File(scripted, 'words').readLines()

        then:
        build.log.contains('ERROR: train failed (exit code 125): it ended without a result')
        words.first() == 'run'
        words.join(' ').contains('--network builds')
        words.containsAll(['TOKEN', 'B', 'BUILD_TAG'])
        !words.contains('PATH') && !words.join(' ').contains('secret')
        words.dropWhile { it != 'agents/x@sha256:1' }.tail() == ['modelyard', 'step', 'train',
            '--request', '.modelyard/jenkins-models-main-7/train.request.json',
            '--result', '.modelyard/jenkins-models-main-7/train.result.json']
    }

    def 'what runs in containers is aborted as any other step'() {
        given:
        outcomes.train = [[waits_for: 'nothing']]
        pipeline "node('') { mlStep('train', [mode: 'docker', image: 'agent']) }"
        putEngine(RUNS_HERE)
        build.abortWhen = { new File(scripted, 'train.running').exists() }

        expect:
        run().result == 'ABORTED'
        new File(build.workspace, '.modelyard/jenkins-models-main-7/train.result.json').text.contains('interrupted')
    }

    @Unroll
    def 'only the process knows the access key, in the mode #mode'() {
        given:
        outcomes.train = [[reads: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'], says: ['key: s3cret']]]
        pipeline "node('') {" + """
            Map outcome = mlStep('train', [credentials: 'tools', mode: '${mode}', image: 'agent'])
            writeFile(file: 'answer', text: outcome.result.AWS_SECRET_ACCESS_KEY)
        """ + 'sh(\'test -z "$AWS_SECRET_ACCESS_KEY"\') }'
        putEngine(RUNS_HERE)
        build.credentials.tools = [username: 'AKIA', password: 's3cret']

        expect:
        run().result == 'SUCCESS'
        new File(build.workspace, 'answer').text == 's3cret'
        build.log.contains('key: ****')
        !build.console.contains('s3cret')

        where:
        mode << ['host', 'docker']
    }

    @Unroll
    def 'only the process gets the token of a role, in the mode #mode'() {
        given:
        outcomes.train = [[reads: ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN']]]
        pipeline "node('') {" + """
            Map outcome = mlStep('train', [credentials: 'builds', role: 'arn:aws:iam::1:role/x-ci', mode: '${mode}', image: 'a'])
            writeFile(file: 'answer', text: outcome.result.AWS_ROLE_ARN)
            writeFile(file: 'place', text: outcome.result.AWS_WEB_IDENTITY_TOKEN_FILE)
        """ + 'sh(\'test -z "$AWS_WEB_IDENTITY_TOKEN_FILE$AWS_ROLE_ARN"\') }'
        putEngine(RUNS_HERE)
        build.credentials.builds = [file: 'a token']

        expect:
        run().result == 'SUCCESS'
        new File(build.workspace, 'answer').text == 'arn:aws:iam::1:role/x-ci'
        new File(build.workspace, 'place').text.endsWith('/builds')
        !build.console.contains('a token')

        where:
        mode << ['host', 'docker']
    }

    def 'a node is needed'() {
        given:
        pipeline "mlStep('train')"

        expect:
        run().result == 'FAILURE'
        build.console.contains('writeFile needs a node around it')
    }
}
