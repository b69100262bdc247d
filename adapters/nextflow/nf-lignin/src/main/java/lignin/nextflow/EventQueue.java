package lignin.nextflow;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Events on their way to the writer, in order, bounded by their size in memory. */
final class EventQueue {
    /** One event without the head of its line; {@code force} asks that it reaches the disk itself. */
    record Event(String body, boolean force) {
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Event> waiting = new ArrayDeque<>();
    private final long limit;
    private long size;
    private boolean closed;

    EventQueue(long limit) {
        this.limit = limit;
    }

    /** Puts the event in, waiting for room at most so long; false when there was none, and nothing happened. */
    boolean offer(Event event, long millis) throws InterruptedException {
        return offer(event, millis, limit);
    }

    /** The same with so much room in all. */
    boolean offer(Event event, long millis, long room) throws InterruptedException {
        lock.lock();
        try {
            long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
            // An event that is larger than all the room there is goes in alone.
            while (size > 0 && size + event.body().length() > room) {
                if (nanos <= 0) {
                    return false;
                }
                nanos = changed.awaitNanos(nanos);
            }
            waiting.add(event);
            size += event.body().length();
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** All that is there now. */
    List<Event> drain() {
        lock.lock();
        try {
            List<Event> all = new ArrayList<>(waiting);
            waiting.clear();
            size = 0;
            changed.signalAll();
            return all;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there is something, the queue is closed, or the time is over; whether it goes on after. */
    boolean await(long millis) throws InterruptedException {
        lock.lock();
        try {
            long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
            while (waiting.isEmpty() && !closed && nanos > 0) {
                nanos = changed.awaitNanos(nanos);
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
