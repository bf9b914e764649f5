package controller

/** A build of another number, or of another job. */
class OtherBuild implements Serializable {
    private static final long serialVersionUID = 1

    private final Map<String, Object> about
    private final List<Map> before

    OtherBuild(Map<String, Object> about, List<Map> before = []) {
        this.about = about
        this.before = before
    }

    /** The build before those `builds`, newest first, that `fits`. */
    static OtherBuild first(List<Map> builds, Closure<Boolean> fits = { true }) {
        int found = builds.findIndexOf(fits)
        found < 0 ? null : new OtherBuild(builds[found], builds.drop(found + 1))
    }

    int getNumber() {
        about.number as int
    }

    String getResult() {
        about.result
    }

    String getCurrentResult() {
        about.result ?: 'SUCCESS'
    }

    String getDescription() {
        about.description
    }

    String getDisplayName() {
        about.displayName ?: "#${number}"
    }

    String getFullDisplayName() {
        about.fullDisplayName ?: displayName
    }

    String getAbsoluteUrl() {
        about.url
    }

    long getStartTimeInMillis() {
        about.started as long
    }

    long getDuration() {
        about.duration as long
    }

    Map<String, String> getBuildVariables() {
        about.variables ?: [:]
    }

    OtherBuild getPreviousBuild() {
        first(before)
    }

    Object getRawBuild() {
        throw new SecurityException('Scripts not permitted to use method RunWrapper getRawBuild')
    }
}
