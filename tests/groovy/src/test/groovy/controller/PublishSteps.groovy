package controller

/** Steps that show what a build made. */
class PublishSteps {
    static final Map<String, Map> TABLE = [:]
}
