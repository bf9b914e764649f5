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
        Build.running().set(name, value as String)
    }

    Map<String, String> getEnvironment() {
        throw new SecurityException('Scripts not permitted to use method EnvActionImpl getEnvironment')
    }
}

/** `scm`: where the job's sources are; opaque to scripts. */
class SourceControl implements Serializable {
    private static final long serialVersionUID = 1
}
