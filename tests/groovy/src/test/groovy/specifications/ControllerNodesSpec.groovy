package specifications

import spock.lang.Unroll

/** The controller of these tests: nodes that come and go, pods, credentials, and what is checked out. */
class ControllerNodesSpec extends Vars {
    private static final Map KEY = [username: 'AKIA', password: 's3cret']

    def 'credentials are known within only, and masked'() {
        given:
        pipeline '''
            node('') {
                withCredentials([
                    usernamePassword(credentialsId: 'key', usernameVariable: 'ID', passwordVariable: 'SECRET'),
                    string(credentialsId: 'token', variable: 'TOKEN'),
                    file(credentialsId: 'settings', variable: 'FILE'),
                ]) {
                    sh('echo "$ID $SECRET $TOKEN"; cat "$FILE"')
                    echo("in groovy: ${env.SECRET}")
                }
                sh('echo "[$SECRET]"')
                echo("${env.SECRET}")
            }
        '''
        build.credentials.putAll([key: KEY, token: [secret: 'abc'], settings: [file: 'a=1']])

        when:
        run()

        then:
        build.log.containsAll('Masking supported pattern matches of $SECRET or $TOKEN or $FILE', 'AKIA **** ****', 'a=1',
            'in groovy: ****', '[]', 'null')
        !build.console.contains('s3cret')
        build.workspace.parentFile.list().every { !new File(build.workspace.parentFile, "${it}/secretFiles").list() }
    }

    def 'a user name is masked where it is secret'() {
        given:
        pipeline '''
            withCredentials([usernamePassword(credentialsId: 'key', usernameVariable: 'ID', passwordVariable: 'SECRET')]) {
                echo(env.ID)
            }
        '''
        build.credentials.key = KEY + [usernameSecret: true]

        expect:
        run().log.last() == '****'
    }

    @Unroll
    def 'a build fails with #message'() {
        given:
        pipeline script
        build.credentials.putAll([key: KEY, settings: [file: 'a']])

        expect:
        run().result == 'FAILURE'
        build.console.contains(message)

        where:
        script                                                                          | message
        "withCredentials([string(credentialsId: 'no', variable: 'A')]) { }"             | "Could not find credentials entry with ID 'no'"
        "withCredentials([string(credentialsId: 'key', variable: 'A')]) { }"            | "where 'string' was expected"
        "withCredentials([file(credentialsId: 'settings', variable: 'A')]) { }"         | 'withCredentials needs a node'
        "withCredentials([string(credentialsId: 'key')]) { }"                           | 'missing required parameter(s) [variable]'
        "node('') { container('a') { } }"                                               | 'Node is not a Kubernetes node'
        "podTemplate { node(POD_LABEL) { container('a') { } } }"                        | 'container a does not exist in pod'
        "podTemplate(containers: [containerTemplate(name: 'a', imagee: 'b')]) { }"      | 'missing required parameter(s) [image]'
        "podTemplate(image: 'b') { }"                                                   | 'podTemplate: unknown parameter(s) [image]'
        "node('') { unstash('a') }"                                                     | 'No such saved stash ‘a’'
        "node('') { stash(name: 'a', includes: 'b/**') }"                               | 'No files included in stash ‘a’'
        "node('') { dir('no') { archiveArtifacts(artifacts: '**', allowEmptyArchive: true) } }" | 'no does not exist.'
        "node('') { dir('no') { junit(testResults: '*.xml', allowEmptyResults: true) } }" | 'no does not exist.'
        "retry(count: 2, conditions: [string(name: 'a')]) { error('x') }"               | 'no known implementation of ErrorCondition is named string'
    }

    @Unroll
    def 'when an agent goes in the middle of a command, retry(#arguments) goes on: #again'() {
        given:
        pipeline """
            retry(${arguments}) {
                node('') {
                    try { sh('echo x >>"\$COUNT"; while test ! -e "\$COUNT.2"; do sleep 0.01; done') } finally { echo('ended') }
                }
            }
        """
        File count = new File(temporary.root, 'count')
        build.variables.COUNT = count.path
        build.loseAgentWhen = { count.exists() && new File(count.path + '.2').createNewFile() }

        expect:
        run().result == (again ? 'SUCCESS' : 'ABORTED')
        count.readLines().size() == (again ? 2 : 1)
        build.log.contains('Agent was removed')

        where:
        arguments                                    || again
        '2'                                          || true
        'count: 2, conditions: [agent()]'            || true
        'count: 2, conditions: [nonresumable()]'     || false
        'count: 2, conditions: [kubernetesAgent()]'  || false
        'count: 2, conditions: [kubernetesAgent(handleNonKubernetes: true)]' || true
        'count: 1, conditions: [agent()]'            || false
    }

    def 'each agent may go in turn'() {
        given:
        pipeline '''
            retry(count: 3, conditions: [agent()]) { node('') { sh('touch "$SCRIPTED/on"; sleep 60') } }
        '''
        build.loseAgentWhen = { new File(scripted, 'on').delete() }

        expect:
        run().result == 'ABORTED'
        build.nodes.size() == 3
        build.busyNodes == 0
    }

    def 'nothing more can be done on an agent that has gone'() {
        given:
        pipeline '''
            try {
                node('') { try { sh('touch "$SCRIPTED/on"; sleep 100') } finally { sh('echo cleaned') } }
            } catch (e) {
                echo(e.message)
            }
        '''
        build.loseAgentWhen = { new File(scripted, 'on').exists() }

        expect:
        run().log.last() == 'Unable to create live FilePath for agent; agent was marked offline: agent was removed'
    }

    @Unroll
    def 'a failure that is no agent\'s is not tried again with the condition #condition'() {
        given:
        pipeline "retry(count: 3, conditions: [${condition}]) { echo('try'); error('mine') }"

        expect:
        run().result == 'FAILURE'
        build.log.count('try') == 1

        where:
        condition << ['agent()', 'kubernetesAgent()', 'nonresumable()']
    }

    def 'each node may be a fresh machine, without a workspace yet'() {
        given:
        pipeline '''
            node('') { writeFile(file: 'a', text: 'x'); stash(name: 'kept', includes: '*') }
            node('') { echo("${fileExists('a')}"); unstash('kept'); echo("${readFile('a')}") }
        '''
        build.freshWorkspaces = true

        expect:
        run().log == ['false', 'x']
        build.workspaces*.name == ['workspace-1', 'workspace-2']
    }

    def 'branches on one machine have workspaces beside each other'() {
        given:
        pipeline "parallel(a: { node('') { sh('pwd'); sleep(1) } }, b: { node('') { sh('pwd'); sleep(1) } }); node('') { }"

        expect:
        run().workspaces*.name == ['workspace', 'workspace@2', 'workspace']
    }

    def 'a pod has the containers of its template'() {
        given:
        pipeline '''
            podTemplate(cloud: 'kubernetes', containers: [containerTemplate(name: 'modelyard', image: 'agent:1', command: 'cat',
                ttyEnabled: true)], yaml: "spec:\\n  containers:\\n  - name: other", podRetention: never()) {
                node(POD_LABEL) {
                    container('modelyard') { sh('true') }
                    container('other') { sh('true') }
                }
            }
        '''

        expect:
        run().result == 'SUCCESS'
        build.calls.findAll { it.step == 'sh' }*.container == ['modelyard', 'other']
        build.pods.first().containers.first().image == 'agent:1'
    }

    private File repository() {
        File sources = temporary.newFolder('sources')
        new File(sources, 'modelyard.yaml').text = 'project: a'
        ['git init -qb main', 'git add .', 'git -c user.name=a -c user.email=a@b commit -qm a'].each {
            assert it.execute(null, sources).waitFor() == 0
        }
        sources
    }

    def 'a repository that is named is checked out likewise'() {
        given:
        pipeline '''
            node('') {
                Map revision = git(url: 'https://git.example/a.git', branch: 'main', credentialsId: 'bot', poll: false)
                echo("${revision.GIT_BRANCH} ${revision.GIT_COMMIT.size()} ${revision.GIT_URL}")
            }
        '''
        build.repositories['https://git.example/a.git'] = repository()
        build.credentials.bot = KEY

        expect:
        run().log == ['origin/main 40 https://git.example/a.git']
    }

    def 'a step may be absent'() {
        given:
        pipeline "try { addBadge(text: 'a') } catch (NoSuchMethodError absent) { echo('absent') }"
        build.absentSteps << 'addBadge'

        expect:
        run().log == ['absent']
    }

    def 'a checkout answers what it brought'() {
        given:
        pipeline '''
            node('') {
                Map revision = checkout(scm)
                echo("${revision.GIT_BRANCH} ${revision.GIT_COMMIT.size()} ${revision.GIT_URL != null}")
                echo("${fileExists('modelyard.yaml')} ${env.GIT_COMMIT}")
            }
        '''
        build.sources = repository()
        build.variables.BRANCH_NAME = 'main'

        expect:
        run().log == ['main 40 true', 'true null']
    }
}
