/**
 * Examples in memory (images of bytes, vectors of floats), where they come from (IDX files, the
 * embedded MNIST), and which of them make up which batch. May import {@code random} and {@code
 * yaml}.
 */
package dev.lockstep.data;
