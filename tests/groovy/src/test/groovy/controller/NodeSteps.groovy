package controller

/** Steps that say where work is done, and that work there. */
class NodeSteps {
    static final Map<String, Map> TABLE = [
        node: [takes: [label: String], needs: ['label'], body: true, does: NodeSteps.&node],
        sh: [takes: [script: String, label: String, returnStatus: Boolean, returnStdout: Boolean, encoding: String],
            needs: ['script'], node: true, does: NodeSteps.&shell],
        withCredentials: [takes: [bindings: [Kinds.BINDING]], needs: ['bindings'], body: true, does: NodeSteps.&credentials],
    ]

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
        build.fork('withCredentials', given.body, within, new Around(strand))
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
