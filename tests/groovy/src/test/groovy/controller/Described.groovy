package controller

import groovy.transform.TupleConstructor

/** What a symbol such as `string(name: 'A')` answers: what it is, the step that gets it decides. */
@TupleConstructor
class Described implements Serializable {
    private static final long serialVersionUID = 1

    final String symbol
    final Map<String, Object> arguments

    @Override
    String toString() {
        "@${symbol}(${arguments})"
    }
}

/** What may stand in one place of a step's arguments: symbols, and what each of them takes. */
class Kind {
    final String name
    private final Map<String, Declaration> symbols

    Kind(String name, Map<String, Map<String, Object>> takes, Map<String, List<String>> needs = [:]) {
        this.name = name
        symbols = (Map) takes.collectEntries { symbol, types ->
            [(symbol): new Declaration(symbol, types, needs[symbol] ?: (needs['*'] ?: [] as List<String>).findAll { types.containsKey(it) })]
        }
    }

    Set<String> getSymbols() {
        symbols.keySet()
    }

    Declaration get(String symbol) {
        symbols[symbol]
    }

    /** @return the arguments, and under `symbol` what it is */
    Map<String, Object> instantiate(Described given) {
        Declaration declared = symbols[given.symbol]
        if (declared == null) {
            throw new IllegalArgumentException("no known implementation of ${name} is named ${given.symbol}; there are ${symbols.keySet()}")
        }
        Set<String> missing = (declared.needs as Set<String>) - declared.names(given.arguments)
        if (missing) {
            throw new IllegalArgumentException("${given.symbol}: missing required parameter(s) ${missing}")
        }
        [symbol: (Object) given.symbol] + declared.instantiate(given.arguments)
    }
}
