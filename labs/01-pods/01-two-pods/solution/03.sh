kubectl exec a -- ping -c 1 $(kubectl get pod b -o jsonpath='{.status.podIP}')
