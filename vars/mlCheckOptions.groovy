/* Completes what a caller gave a var by the var's declaration; a wrong or unknown option fails before any work.

   Map chosen = mlCheckOptions('mlStep', declaredOptions(), config)

   For the other vars; Jenkinsfiles have no use for it. */

/**
 * @param owner name of the var, for messages
 * @param declared option name -> [type: text | number | flag | list | map, fallback: value where it may be left out,
 *     among: the values it may have, where they are few, about: its meaning]
 * @param given what the caller wrote
 * @return every declared option with the value that counts
 */
Map call(String owner, Map declared, Map given) {
    Set unknown = given.keySet() - declared.keySet()
    if (unknown) {
        error("${owner}: unknown option ${unknown.join(', ')}; the options are: ${declared.keySet().join(', ')}")
    }
    Map chosen = [:]
    for (String name in declared.keySet()) {
        Map option = declared[name]
        if (!given.containsKey(name) && !option.containsKey('fallback')) {
            error("${owner}: option ${name} (${option.type}) is missing: ${option.about}")
        }
        Object value = given.containsKey(name) ? given[name] : option.fallback
        if (!isOf(option.type, value)) {
            error("${owner}: option ${name} must be a ${option.type}, not ${value}")
        }
        if (option.among && !option.among.contains(value)) {
            error("${owner}: option ${name} must be one of: ${option.among.join(', ')}; not ${value}")
        }
        chosen[name] = value
    }
    chosen
}

private boolean isOf(String type, Object value) {
    switch (type) {
        case 'text': return value instanceof CharSequence
        case 'number': return value instanceof Integer
        case 'flag': return value instanceof Boolean
        case 'list': return value instanceof List
        case 'map': return value instanceof Map
        default: error("mlCheckOptions: no option can be a ${type}")
    }
}
