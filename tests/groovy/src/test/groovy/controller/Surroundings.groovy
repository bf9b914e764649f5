package controller

import groovy.transform.CompileStatic
import groovy.transform.Immutable

/** Where a step runs: node, folder, environment, stage and so on; all of it comes from the steps around it. */
@CompileStatic
@Immutable(copyWith = true)
class Surroundings implements Serializable {
    static final Surroundings NONE = new Surroundings(variables: [:], stages: [], locks: [], secrets: [])

    /** Folder on the node; none outside `node`. */
    String folder
    /** Number of the `node` around; none outside. */
    Integer node
    /** Label that it was asked for with. */
    String label
    /** The container in its pod; none outside `container`. */
    String container
    /** The pod template around: its label, and the names of its containers. */
    Map<String, Object> pod
    /** Set by steps around, on top of the build's own variables. */
    Map<String, String> variables
    /** Names of the stages around, outermost first. */
    List<String> stages
    /** Resources that are locked around. */
    List<String> locks
    /** Values that must not be shown. */
    List<String> secrets

    Surroundings plus(Map<String, String> more) {
        copyWith(variables: variables + more)
    }
}
