package controller

/** `env`: what the steps around set, on top of the build's own variables. Holds nothing itself. */
class EnvironmentVariables extends GroovyObjectSupport implements Serializable {
    private static final long serialVersionUID = 1

    @Override
    Object getProperty(String name) {
        Build.running().environment()[name]
    }

    @Override
    void setProperty(String name, Object value) {
        Build.running().variables[name] = value as String
    }
}

/** `params`: what the build was started with, else the defaults that the pipeline declares. */
class Parameters extends GroovyObjectSupport implements Serializable {
    private static final long serialVersionUID = 1

    @Override
    Object getProperty(String name) {
        Build.running().parameters[name]
    }
}

/** `scm`: where the job's sources are; opaque to scripts. */
class SourceControl implements Serializable {
    private static final long serialVersionUID = 1
}

/** `currentBuild`. A result can only become worse. */
class CurrentBuild implements Serializable {
    private static final long serialVersionUID = 1

    String getDescription() {
        Build.running().description
    }

    void setDescription(Object text) {
        Build.running().description = text as String
    }

    String getResult() {
        Build.running().result
    }

    void setResult(Object result) {
        Build.running().worsen(result as String)
    }

    String getCurrentResult() {
        Build.running().result ?: 'SUCCESS'
    }

    List getBuildCauses(String kind) {
        Build.running().causes.findAll { cause -> cause._class == kind }
    }

    /** A parameter that the pipeline declares: a build that was started without it has its default. */
    void declare(Map parameter) {
        Build.running().declared << parameter
        Object fallback = parameter.containsKey('choices') ? parameter.choices.first() : parameter.defaultValue
        Build.running().parameters.putIfAbsent(parameter.name, fallback)
    }

    /** A failure that ends the stages, but not yet the build. */
    void note(Throwable failure) {
        Build.running().worsen(Build.resultOf(failure))
    }
}
