package specifications

/** mlNode: a node, with the sources, for as long as there is work. */
class NodeSpec extends Vars {
    def 'the body works in the folder of the model repository'() {
        given:
        pipeline "mlNode([folder: 'models/a', agent: 'gpu']) { writeFile(file: 'here', text: '') }"

        expect:
        run().nodes == ['gpu']
        new File(build.workspace, 'models/a/here').file
    }

    def 'what it answers is answered'() {
        given:
        pipeline "echo(mlNode([:]) { 'from the node' })"

        expect:
        run().log.contains('from the node')
    }

    def 'a node that is lost is replaced'() {
        given:
        pipeline '''mlNode([:]) { sh('test -e "$SCRIPTED/here" && exit; touch "$SCRIPTED/here"; sleep 60') }'''
        build.loseAgentWhen = { new File(scripted, 'here').exists() }

        expect:
        run().result == 'SUCCESS'
        build.nodes.size() == 2
    }

    def 'a failure of the body is no lost node'() {
        given:
        pipeline "mlNode([:]) { sh('exit 3') }"

        expect:
        run().result == 'FAILURE'
        build.nodes.size() == 1
    }

    def 'in the mode kubernetes it is a pod with the agent image'() {
        given:
        pipeline "mlNode([mode: 'kubernetes', image: 'agents/x@sha256:1', pod: [namespace: 'models']]) { sh('true') }"

        expect:
        run().result == 'SUCCESS'
        with(build.pods.first()) {
            namespace == 'models'
            containers.first().image == 'agents/x@sha256:1'
            containers.first().name == 'modelyard'
        }
        build.calls.findAll { it.step == 'container' }*.given*.name == ['modelyard']
    }

    def 'sources may come from a repository that is named'() {
        given:
        pipeline "mlNode([repository: 'https://git.example/m.git', branch: 'main', gitCredentials: 'git']) { sh('true') }"

        build.repositories['https://git.example/m.git'] = temporary.newFolder('m').with { File folder ->
            new File(folder, 'modelyard.yaml').text = ''
            folder
        }

        expect:
        run().result == 'SUCCESS'
        new File(build.workspace, 'modelyard.yaml').file
        build.calls.find { it.step == 'git' }.given.subMap(['branch', 'credentialsId']) ==
            [branch: 'main', credentialsId: 'git']
    }
}
