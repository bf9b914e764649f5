package controller

import groovy.transform.CompileStatic

/** Iterators that can be written to disk in the middle of a loop; a controller lends the same to scripts. */
@CompileStatic
class Iterators {
    static Iterator iterator(List list) {
        new Position(list)
    }

    static Iterator iterator(Set set) {
        new Position(new ArrayList(set))
    }

    static Iterator iterator(Map map) {
        new Position(map.collect { key, value -> new AbstractMap.SimpleImmutableEntry(key, value) })
    }

    private static class Position implements Iterator, Serializable {
        private static final long serialVersionUID = 1
        private final List list
        private int next = 0

        Position(List list) {
            this.list = list
        }

        @Override
        boolean hasNext() {
            next < list.size()
        }

        @Override
        Object next() {
            list.get(next++)
        }

        @Override
        void remove() {
            throw new UnsupportedOperationException()
        }
    }
}
