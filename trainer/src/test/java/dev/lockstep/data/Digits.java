package dev.lockstep.data;

/** MNIST, read once for all tests of a JVM. */
public final class Digits {
  public static final Dataset MNIST = Mnist.load();

  private Digits() {}
}
