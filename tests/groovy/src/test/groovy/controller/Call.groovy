package controller

import groovy.transform.CompileStatic

/** The call of a step, as a script wrote it: named arguments or a single one, and perhaps a body. */
@CompileStatic
class Call implements Serializable {
    private static final long serialVersionUID = 1

    final String step
    final Closure body
    private final List<Object> values

    Call(String step, List<Object> given) {
        this.step = step
        body = given && given.last() instanceof Closure ? (Closure) given.last() : null
        values = body ? given.init() : given
    }

    /** The arguments by name; `sole` is the name of one that is given alone. */
    Map<String, Object> named(String sole) {
        if (values.size() > 1) {
            throw new IllegalArgumentException("${step}: expected named arguments, not ${values}")
        }
        if (!values) {
            return [:]
        }
        Object value = values[0]
        value instanceof Map && sole != '' ? new LinkedHashMap<String, Object>((Map) value) : [(sole): value]
    }
}
