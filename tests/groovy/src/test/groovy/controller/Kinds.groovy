package controller

/** Everything that is described in the arguments of steps and of declarative directives, as the plugins declare it. */
class Kinds {
    static final Kind PARAMETER = new Kind('ParameterDefinition', [
        string: [name: String, defaultValue: String, description: String, trim: Boolean],
        text: [name: String, defaultValue: String, description: String, trim: Boolean],
        choice: [name: String, choices: Object, description: String],
        booleanParam: [name: String, defaultValue: Boolean, description: String],
        password: [name: String, defaultValue: String, description: String],
    ], ['*': ['name']])

    static final Kind VALUE = new Kind('ParameterValue', [
        string: [name: String, value: String],
        text: [name: String, value: String],
        booleanParam: [name: String, value: Boolean],
        password: [name: String, value: String],
    ], ['*': ['name', 'value']])

    static final Kind BINDING = new Kind('MultiBinding', [
        usernamePassword: [credentialsId: String, usernameVariable: String, passwordVariable: String],
        usernameColonPassword: [credentialsId: String, variable: String],
        string: [credentialsId: String, variable: String],
        file: [credentialsId: String, variable: String],
    ], ['*': ['credentialsId', 'usernameVariable', 'passwordVariable', 'variable']])

    static final Kind CONDITION = new Kind('ErrorCondition', [
        agent: [:],
        kubernetesAgent: [handleNonKubernetes: Boolean],
        nonresumable: [:],
    ])

    static final Kind DISCARDER = new Kind('BuildDiscarder', [
        logRotator: [daysToKeepStr: String, numToKeepStr: String, artifactDaysToKeepStr: String,
            artifactNumToKeepStr: String, removeLastBuild: Boolean],
    ])

    static final Kind TRIGGER = new Kind('Trigger', [
        cron: [spec: String],
        parameterizedCron: [parameterizedSpecification: String],
        pollSCM: [scmpoll_spec: String, ignorePostCommitHooks: Boolean],
        upstream: [upstreamProjects: String, threshold: Object],
    ],
        [cron: ['spec'], parameterizedCron: ['parameterizedSpecification'], pollSCM: ['scmpoll_spec'],
            upstream: ['upstreamProjects']])

    static final Set<String> HINTS = ['MAX_SURVIVABILITY', 'SURVIVABLE_NONATOMIC', 'PERFORMANCE_OPTIMIZED'] as Set

    static final Kind PROPERTY = new Kind('JobProperty', [
        buildDiscarder: [strategy: DISCARDER],
        disableConcurrentBuilds: [abortPrevious: Boolean],
        disableResume: [:],
        durabilityHint: [hint: HINTS],
        parameters: [parameterDefinitions: [PARAMETER]],
        pipelineTriggers: [triggers: [TRIGGER]],
        preserveStashes: [buildCount: Integer],
        rateLimitBuilds: [throttle: Object],
    ],
        [buildDiscarder: ['strategy'], durabilityHint: ['hint'], parameters: ['parameterDefinitions'],
            pipelineTriggers: ['triggers'], rateLimitBuilds: ['throttle']])

    static final Kind CONTAINER = new Kind('ContainerTemplate', [
        containerTemplate: [name: String, image: String, command: String, args: String, ttyEnabled: Boolean,
            workingDir: String, privileged: Boolean, runAsUser: String, runAsGroup: String, alwaysPullImage: Boolean,
            envVars: List, livenessProbe: Object, ports: List, resourceRequestMemory: String, resourceLimitMemory: String,
            resourceRequestCpu: String, resourceLimitCpu: String, resourceRequestEphemeralStorage: String,
            resourceLimitEphemeralStorage: String, shell: String],
    ], ['*': ['name', 'image']])

    static final Kind VARIABLE = new Kind('TemplateEnvVar', [
        envVar: [key: String, value: String],
        secretEnvVar: [key: String, secretName: String, secretKey: String, optional: Boolean],
    ])

    static final Kind VOLUME = new Kind('PodVolume', [
        emptyDirVolume: [mountPath: String, memory: Boolean, sizeLimit: String],
        secretVolume: [mountPath: String, secretName: String, defaultMode: String, optional: Boolean],
        configMapVolume: [mountPath: String, configMapName: String, optional: Boolean, subPath: String],
        hostPathVolume: [hostPath: String, mountPath: String, readOnly: Boolean],
        persistentVolumeClaim: [claimName: String, mountPath: String, readOnly: Boolean],
    ])

    static final Kind RETENTION = new Kind('PodRetention',
        [always: [:], never: [:], onFailure: [:], default: [:]])

    static final Kind MERGE = new Kind('YamlMergeStrategy', [merge: [:], override: [:]])

    static final Kind RETRIEVER = new Kind('LibraryRetriever',
        [legacySCM: [scm: SourceControl], modernSCM: [scm: Object, libraryPath: String]],
        [legacySCM: ['scm'], modernSCM: ['scm']])

    /** Names that are no steps and yet may be called. */
    static final Set<String> SYMBOLS = [PARAMETER, VALUE, BINDING, CONDITION, DISCARDER, TRIGGER, PROPERTY, CONTAINER,
        VARIABLE, VOLUME, RETENTION, MERGE, RETRIEVER].collectMany { it.symbols } as Set<String>
}
