package dev.lockstep.spark.transport;

import io.netty.channel.Channel;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The peers that have not proved yet that they know the secret. Whoever opens connections and says
 * little takes no more of them than a coordinator can spare: when there are too many, the one must
 * leave that has been here longest of those that have said nothing yet, or of those that have said
 * something, whichever are more, for a worker speaks at once and needs only moments. Safe for use
 * by many threads.
 */
final class Strangers {
  private final int most;
  private final Predicate<Channel> known;
  private final Refusals refusals;
  private final Set<Channel> mute = new LinkedHashSet<>();
  private final Set<Channel> speaking = new LinkedHashSet<>();

  /**
   * At most {@code most} at a time; others are turned away by {@code refusals}.
   *
   * @param known whether a peer has proved since that it knows the secret; asked on its thread
   */
  Strangers(int most, Predicate<Channel> known, Refusals refusals) {
    this.most = most;
    this.known = known;
    this.refusals = refusals;
  }

  /** One has come. */
  void enter(Channel channel) {
    Channel leaving;
    synchronized (this) {
      mute.add(channel);
      if (mute.size() + speaking.size() <= most) {
        return;
      }
      Set<Channel> those = mute.size() > speaking.size() ? mute : speaking;
      leaving = those.iterator().next();
      those.remove(leaving);
    }
    leaving.eventLoop().execute(() -> turnAway(leaving));
  }

  private void turnAway(Channel channel) {
    if (!known.test(channel)) {
      refusals.refuse(
          channel,
          "made room for others: more than %d peers had not authenticated".formatted(most));
    }
  }

  /**
   * One has said something that a worker may say.
   *
   * @return false if it has had to leave, though its connection may not be closed yet
   */
  synchronized boolean speak(Channel channel) {
    if (mute.remove(channel)) {
      speaking.add(channel);
    }
    return speaking.contains(channel);
  }

  /** One is known now, or gone. */
  synchronized void leave(Channel channel) {
    mute.remove(channel);
    speaking.remove(channel);
  }
}
