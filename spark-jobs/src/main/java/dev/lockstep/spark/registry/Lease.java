package dev.lockstep.spark.registry;

import dev.lockstep.spark.storage.Location;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to add versions to a registry, which one process has at a time. A claim is a file
 * {@code lease/000001.json} that one process alone can create; its number, the fence, is higher
 * than those of all claims before. The holder renews its claim in a thread of its own. Once the
 * newest claim is released or has expired, as that of a process that died, another may make the
 * next one; whoever held the lease until then is told by {@link #check}.
 *
 * <p>A holder that is stopped between {@link #check} and what it does next may still do that. It
 * does no harm: a version's directory takes its name only if that is free, and a champion has one
 * successor. The clocks of the machines should agree within a few seconds.
 *
 * <p>Safe for use by many threads.
 */
public final class Lease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
  private static final int RENEWALS = 3;
  private static final int KEPT = 20;

  private final Location directory;
  private final Duration timeout;
  private final ScheduledExecutorService renewing =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "lockstep-lease");
            thread.setDaemon(true);
            return thread;
          });

  private final ScheduledFuture<?> renewals;
  private Claim claim;

  private Lease(Location directory, Duration timeout, Claim claim) {
    this.directory = directory;
    this.timeout = timeout;
    this.claim = claim;
    long period = timeout.toMillis() / RENEWALS;
    this.renewals =
        renewing.scheduleWithFixedDelay(this::renew, period, period, TimeUnit.MILLISECONDS);
  }

  /**
   * Takes the lease of {@code registry} if it is free.
   *
   * @param timeout how long after its holder's last sign of life it is free again; at least 1 s
   * @throws LeaseException if another process has it
   * @throws IOException if the registry cannot be read or written to
   */
  public static Lease take(ModelRegistry registry, Duration timeout) throws IOException {
    Location directory = registry.location().child("lease");
    if (directory.files().isEmpty()) {
      directory.createDirectory();
    }
    Optional<Claim> newest = newest(directory);
    if (newest.isPresent() && !newest.get().isFree(Instant.now())) {
      throw held(registry.location(), newest.get());
    }
    Claim claim =
        new Claim(
            newest.map(Claim::fence).orElse(0L) + 1,
            host(),
            ProcessHandle.current().pid(),
            Instant.now().truncatedTo(ChronoUnit.MILLIS).plus(timeout),
            false);
    boolean made = file(directory, claim).create(RegistryFile.content(claim.toJson()));
    Claim after = newest(directory).orElse(claim);
    if (!made || after.fence() != claim.fence()) {
      throw held(registry.location(), after);
    }
    LOG.info("took the lease of {}: fence {}", registry.location(), claim.fence());
    Lease lease = new Lease(directory, timeout, claim);
    lease.deleteOld();
    return lease;
  }

  private static LeaseException held(Location registry, Claim claim) {
    return new LeaseException("%s: the lease is held by %s".formatted(registry, claim));
  }

  private static Optional<Claim> newest(Location directory) throws IOException {
    List<String> names = RegistryFile.numbered(directory);
    if (names.isEmpty()) {
      return Optional.empty();
    }
    String name = names.get(names.size() - 1);
    return Optional.of(
        Claim.read(RegistryFile.number(name), RegistryFile.read(directory.child(name))));
  }

  private static Location file(Location directory, Claim claim) {
    return directory.child(RegistryFile.name(claim.fence()));
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "an unknown host";
    }
  }

  /** The newest ones show who held it lately; its number must never be given again. */
  private void deleteOld() throws IOException {
    List<String> names = RegistryFile.numbered(directory);
    for (String name : names.subList(0, Math.max(0, names.size() - KEPT))) {
      directory.child(name).delete();
    }
  }

  /** The number of this claim. */
  public synchronized long fence() {
    return claim.fence();
  }

  /**
   * Makes sure that this process still has the lease.
   *
   * @throws LeaseException if another has taken it
   * @throws IOException if that cannot be told
   */
  public void check() throws IOException {
    Optional<Claim> newest = newest(directory);
    long own = fence();
    if (newest.isEmpty() || newest.get().fence() != own) {
      throw new LeaseException(
          "%s: this process was silent for more than %d s and lost the lease (fence %d); it is held by %s"
              .formatted(
                  directory,
                  timeout.toSeconds(),
                  own,
                  newest.map(Claim::toString).orElse("nobody")));
    }
  }

  private synchronized void renew() {
    try {
      check();
      write(claim.until(Instant.now().truncatedTo(ChronoUnit.MILLIS).plus(timeout)));
    } catch (LeaseException e) {
      LOG.warn("{}", e.getMessage());
      renewals.cancel(false);
    } catch (IOException | RuntimeException e) {
      LOG.warn("the lease of {} cannot be renewed: {}; trying again", directory, e.toString());
    }
  }

  private void write(Claim next) throws IOException {
    file(directory, next).write(RegistryFile.content(next.toJson()));
    claim = next;
  }

  /** Gives the lease back. What cannot be given back expires. */
  @Override
  public void close() {
    renewing.shutdownNow();
    synchronized (this) {
      try {
        write(claim.release());
      } catch (IOException | RuntimeException e) {
        LOG.warn("the lease of {} cannot be released: {}; it expires", directory, e.toString());
      }
    }
  }
}
