kubectl exec a -- ping -c 1 $(kubectl get pod c -o jsonpath='{.status.podIP}')
