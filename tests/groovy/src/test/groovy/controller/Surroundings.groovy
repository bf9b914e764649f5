package controller

import groovy.transform.CompileStatic
import groovy.transform.Immutable

/** Where a step runs: node, folder, environment, retries and stage; all of it comes from the steps around it. */
@CompileStatic
@Immutable
class Surroundings implements Serializable {
    /** Folder on the node; none outside `node`. */
    String folder
    /** Set by steps around, on top of the build's own variables. */
    Map<String, String> variables
    /** Names of the stages around, outermost first. */
    List<String> stages

    Surroundings inFolder(String path) {
        new Surroundings(path, variables, stages)
    }

    Surroundings inStage(String name) {
        new Surroundings(folder, variables, stages + [name])
    }

    Surroundings plus(Map<String, String> more) {
        new Surroundings(folder, variables + more, stages)
    }
}
