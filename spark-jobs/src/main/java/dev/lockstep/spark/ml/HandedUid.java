package dev.lockstep.spark.ml;

/**
 * A stage's uid on its way past the constructors of Spark ML's classes, which ask for it before a
 * Java class can set its own fields: {@code this(HandedUid.of(uid))} is evaluated before they run.
 * Belongs to one thread.
 */
record HandedUid(String uid) {
  private static final ThreadLocal<String> UNDER_WAY = new ThreadLocal<>();

  /** The uid of the stage that this thread constructs next. */
  static HandedUid of(String uid) {
    UNDER_WAY.set(uid);
    return new HandedUid(uid);
  }

  /** The uid of the stage that this thread constructs now. */
  static String underWay() {
    return UNDER_WAY.get();
  }

  /** The uid, for the field that has it from now on. */
  String taken() {
    UNDER_WAY.remove();
    return uid;
  }
}
