package dev.lockstep.spark.transport;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns peers away that say what they must not, and says so once for each peer. Safe for use by
 * many threads.
 */
final class Refusals {
  private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);

  /** So many peers are told apart; whoever comes from more addresses is not worth the memory. */
  private static final int MOST_PEERS = 1024;

  private final Set<String> logged = ConcurrentHashMap.newKeySet();
  private final AtomicLong count = new AtomicLong();

  /** Closes {@code channel} because of {@code reason}. */
  void refuse(Channel channel, String reason) {
    note(channel, reason + "; the connection is closed");
    var unused = channel.close();
  }

  /** Says, if it is this peer's first time, what was wrong. */
  void note(Channel channel, String reason) {
    count.incrementAndGet();
    String peer = peer(channel.remoteAddress());
    if (logged.size() < MOST_PEERS && logged.add(peer)) {
      LOG.warn("refused {}: {}; further refusals of this peer are not logged", peer, reason);
    } else {
      LOG.debug("refused {}: {}", peer, reason);
    }
  }

  /** How often something was refused. */
  long count() {
    return count.get();
  }

  private static String peer(SocketAddress address) {
    return address instanceof InetSocketAddress inet
        ? inet.getAddress().getHostAddress()
        : "a peer that has already gone";
  }
}
