package dev.lockstep.network;

/**
 * One parameter array inside the flat vector.
 *
 * <p>The penalty's gradient to add is {@code l1 * sign(w) + l2 * w}, and its part of the loss is
 * {@code l1 * sum(|w|) + l2 / 2 * sum(w^2)}: DL4J's convention, in which {@code l2} is twice the
 * number of the YAML file.
 *
 * @param layer index of the layer in DL4J's network, from 0 (flatten is none there)
 * @param name DL4J's name of the array: W, RW, b, gamma, beta, mean, var
 * @param offset where it begins in the flat vector
 * @param length how many numbers it has
 * @param statistic whether it is a running mean or variance of batch normalisation, which has no
 *     gradient
 */
public record Segment(
    int layer, String name, int offset, int length, double l1, double l2, boolean statistic) {}
