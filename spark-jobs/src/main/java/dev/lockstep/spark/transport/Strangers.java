package dev.lockstep.spark.transport;

import io.netty.channel.Channel;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The peers that have not proved yet that they know the secret. Whoever opens connections and says
 * nothing takes no more of them than a coordinator can spare: when there are too many, the one that
 * has been here longest must leave, for a worker needs only moments. Safe for use by many threads.
 */
final class Strangers {
  private final int most;
  private final Refusals refusals;
  private final Set<Channel> here = new LinkedHashSet<>();

  /** At most {@code most} at a time; others are turned away by {@code refusals}. */
  Strangers(int most, Refusals refusals) {
    this.most = most;
    this.refusals = refusals;
  }

  /** One has come. */
  void enter(Channel channel) {
    Channel leaving;
    synchronized (this) {
      here.add(channel);
      if (here.size() <= most) {
        return;
      }
      leaving = here.iterator().next();
      here.remove(leaving);
    }
    refusals.refuse(leaving, "did not authenticate while %d others came".formatted(most));
  }

  /** One is known now, or gone. */
  synchronized void leave(Channel channel) {
    here.remove(channel);
  }
}
