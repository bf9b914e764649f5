package controller

import com.cloudbees.groovy.cps.Outcome

/** Steps that say where work is done, and that work there. */
class NodeSteps {
    static final Map<String, Object> POD = [
        label: String, name: String, namespace: String, cloud: String, inheritFrom: String, agentInjection: Boolean,
        agentContainer: String, containers: [Kinds.CONTAINER], envVars: [Kinds.VARIABLE], volumes: [Kinds.VOLUME],
        workspaceVolume: Object, instanceCap: Integer, idleMinutes: Integer, slaveConnectTimeout: Integer,
        activeDeadlineSeconds: Integer, hostNetwork: Boolean, serviceAccount: String, schedulerName: String,
        nodeSelector: String, nodeUsageMode: ['NORMAL', 'EXCLUSIVE'] as Set, workingDir: String, annotations: List,
        imagePullSecrets: [String], yaml: String, yamlMergeStrategy: Kinds.MERGE, inheritYamlMergeStrategy: Boolean,
        podRetention: Kinds.RETENTION, showRawYaml: Boolean, runAsUser: String, runAsGroup: String,
        supplementalGroups: String,
    ]

    static final Map<String, Map> TABLE = [
        container: [takes: [name: String, shell: String], needs: ['name'], node: true, body: true, does: NodeSteps.&container],
        node: [takes: [label: String], needs: ['label'], body: true, does: NodeSteps.&node],
        podTemplate: [takes: POD, body: true, does: NodeSteps.&podTemplate],
        sh: [takes: [script: String, label: String, returnStatus: Boolean, returnStdout: Boolean, encoding: String],
            needs: ['script'], node: true, does: NodeSteps.&shell],
        withCredentials: [takes: [bindings: [Kinds.BINDING]], needs: ['bindings'], body: true, does: NodeSteps.&credentials],
    ]

    private static void podTemplate(Build build, Strand strand, Map given) {
        String label = given.label ?: "models-main-7-${build.nextNumber()}"
        List<String> containers = (given.containers ?: [])*.name + 'jnlp' +
            (given.yaml ?: '').readLines().collect { it.trim() }.findAll { it =~ /^-? ?name: / }.collect { it.split(':')[1].trim() }
        Map<String, Object> pod = [label: label, containers: containers.unique()]
        build.pods << given.findAll { name, value -> name != 'body' }
        build.fork('podTemplate', given.body, strand.surroundings.copyWith(pod: pod) + [POD_LABEL: label], new Around(strand))
    }

    private static void container(Build build, Strand strand, Map given) {
        Map pod = strand.surroundings.pod
        if (pod == null || strand.surroundings.label != pod.label) {
            throw new AbortException('Node is not a Kubernetes node: agent')
        }
        if (!pod.containers.contains(given.name)) {
            throw new AbortException("container ${given.name} does not exist in pod ${pod.label}")
        }
        build.fork('container', given.body, strand.surroundings.copyWith(container: given.name), new Around(strand))
    }

    private static void node(Build build, Strand strand, Map given) {
        Integer number = build.nextNumber()
        String path = build.agents.take(number).path
        build.nodes << (given.label ?: '')
        Surroundings there = strand.surroundings.copyWith(folder: path, node: number, label: given.label ?: '', container: null) +
            [NODE_NAME: 'agent', WORKSPACE: path, WORKSPACE_TMP: path + '@tmp', EXECUTOR_NUMBER: '0']
        build.fork('node', given.body, there, new NodeBlock(strand, number))
    }

    private static void shell(Build build, Strand strand, Map given) {
        if (given.returnStatus && given.returnStdout) {
            throw new IllegalArgumentException('you may not provide both returnStatus and returnStdout')
        }
        build.say(given.label ?: 'Shell Script', strand.surroundings)
        Long process = build.processes.start(given, strand.surroundings.folder, build.environment(strand))
        strand.wait = new Running(process, strand.surroundings)
    }

    private static void credentials(Build build, Strand strand, Map given) {
        Map<String, String> variables = [:]
        List<String> secrets = []
        given.bindings.each { Map binding -> bind(build, strand, binding, variables, secrets) }
        Surroundings within = strand.surroundings.copyWith(
            variables: strand.surroundings.variables + variables,
            secrets: strand.surroundings.secrets + secrets.findAll())
        String names = variables.findAll { secrets.contains(it.value) }.keySet().collect { "\$${it}" }.join(' or ')
        if (names) {
            build.say("Masking supported pattern matches of ${names}", strand.surroundings)
        }
        List<String> files = given.bindings.findAll { it.symbol == 'file' }.collect { variables[it.variable] }
        build.fork('withCredentials', given.body, within, new Secrets(strand, files))
    }

    private static void bind(Build build, Strand strand, Map binding, Map variables, List secrets) {
        if (binding.symbol == 'file' && strand.surroundings.folder == null) {
            throw new MissingContextVariableException('withCredentials')
        }
        Map known = build.credentials[binding.credentialsId]
        if (known == null) {
            throw new CredentialNotFoundException("Could not find credentials entry with ID '${binding.credentialsId}'")
        }
        String kind = binding.symbol in ['string', 'file'] ? [string: 'secret', file: 'file'][binding.symbol] : 'password'
        if (known[kind] == null) {
            throw new CredentialNotFoundException("Credentials '${binding.credentialsId}' is of type " +
                "'${known.keySet().join(' with ')}' where '${binding.symbol}' was expected")
        }
        switch (binding.symbol) {
            case 'usernamePassword':
                variables[binding.usernameVariable] = known.username
                variables[binding.passwordVariable] = known.password
                secrets.addAll(known.usernameSecret ? [known.username, known.password] : [known.password])
                break
            case 'usernameColonPassword':
                variables[binding.variable] = "${known.username}:${known.password}" as String
                secrets << variables[binding.variable] << known.password
                break
            case 'file':
                File secret = new File(strand.surroundings.folder + '@tmp', "secretFiles/${build.nextNumber()}/${binding.credentialsId}")
                secret.parentFile.mkdirs()
                secret.text = known.file
                variables[binding.variable] = secret.path
                secrets << secret.path
                break
            default:
                variables[binding.variable] = known.secret
                secrets << known.secret
        }
    }
}

/** `withCredentials`: files with secrets are gone afterwards. */
class Secrets extends Around {
    private static final long serialVersionUID = 1

    private final List<String> files

    Secrets(Strand caller, List<String> files) {
        super(caller)
        this.files = files
    }

    @Override
    void ended(Build build, String name, Outcome outcome) {
        files.each { new File(it).parentFile.deleteDir() }
        super.ended(build, name, outcome)
    }
}
