/**
 * Network definitions: YAML with Keras' words, Keras' own JSON, or DL4J's, becomes a {@link
 * dev.lockstep.network.Network} with resolved shapes, one flat parameter vector and a DL4J
 * configuration. May import {@code nativelib}, {@code random}, {@code yaml} and {@code data}.
 */
package dev.lockstep.network;
